package dev.lowpass.kernels.vector;

/** Chooses the loops of this process, once, and says which and why in one line. */
final class LaneChoice {

    static final String BITS = "dev.lowpass.vector.bits";

    private static final String MODULE = "jdk.incubator.vector";

    private static Lanes chosen;
    private static String reason;

    private LaneChoice() {}

    static synchronized Lanes lanes() {
        if (chosen == null) {
            requestedBits(); // a bad request throws, whatever can be loaded
            if (ModuleLayer.boot().findModule(MODULE).isPresent()) {
                chosen = load();
                reason = chosen.description();
            } else {
                chosen = new ScalarLanes();
                reason = chosen.description() + ": the module " + MODULE + " is absent; add --add-modules " + MODULE + " to the JVM's options";
            }
            System.Logger.Level level = chosen instanceof ScalarLanes ? System.Logger.Level.WARNING : System.Logger.Level.INFO; // several times slower
            System.getLogger("dev.lowpass.kernels").log(level, "vector back end: {0}", reason);
        }
        return chosen;
    }

    /** What was chosen and, where it is not the fast loops, why, and what to do. */
    static synchronized String description() {
        lanes();
        return reason;
    }

    /** By name: nothing else may link to a class that needs the module. */
    private static Lanes load() {
        try {
            return (Lanes) Class.forName(LaneChoice.class.getPackageName() + ".SimdLanes").getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("the vector loops belong to this module", e);
        }
    }

    /** The vector width asked for by system property, or 0 for the machine's own. */
    static int requestedBits() {
        return bits(System.getProperty(BITS));
    }

    static int bits(String value) {
        if (value == null) {
            return 0;
        }
        switch (value) {
            case "128":
                return 128;
            case "256":
                return 256;
            case "512":
                return 512;
            default:
                throw new IllegalArgumentException("system property " + BITS + " is \"" + value
                        + "\"; it must be 128, 256 or 512, or left out for the machine's own width");
        }
    }
}
