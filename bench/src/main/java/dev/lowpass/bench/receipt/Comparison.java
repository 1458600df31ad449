package dev.lowpass.bench.receipt;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * What of two receipts can be compared.
 *
 * @param pairs the measurements that both have, in the first one's order
 * @param obstacles why times of the two do not compare, a clause each; empty when they do
 * @param changes what else is different, and may be what is to be compared
 * @param onlyFirst the measurements that only the first has, in words
 * @param onlySecond the measurements that only the second has
 */
public record Comparison(List<Pair> pairs, List<String> obstacles, List<String> changes, List<String> onlyFirst, List<String> onlySecond) {

    /** The same measurement in both. */
    public record Pair(String name, Receipt.Measurement first, Receipt.Measurement second) {}

    /** By what a measurement is found again. */
    private record Key(String engine, String device, String precision, String cutoffs, int threads, int batch, int concurrency, Double requestRate) {

        static Key of(Receipt.Measurement one) {
            return new Key(one.engine(), one.device(), one.precision(), one.cutoffs(), one.threads(), one.batch(), one.concurrency(), one.requestRate());
        }

        @Override
        public String toString() {
            return engine + " " + precision + " " + cutoffs + " on " + device + (device.startsWith("cuda") ? "" : ", threads " + threads) + ", batch " + batch
                    + (concurrency == 1 ? "" : ", concurrency " + concurrency) + (requestRate == null ? "" : ", " + requestRate + " requests a second");
        }
    }

    public static Comparison of(Receipt first, Receipt second) {
        List<String> obstacles = new ArrayList<>();
        differ(obstacles, "the processor", first.machine().cpu(), second.machine().cpu());
        differ(obstacles, "the number of processors", first.machine().processors(), second.machine().processors());
        differ(obstacles, "the container's limit of processors", first.machine().cpuLimit(), second.machine().cpuLimit());
        differ(obstacles, "the system", first.machine().os(), second.machine().os());
        differ(obstacles, "the GPUs", gpus(first), gpus(second));
        differ(obstacles, "the model's hash", first.model().sha256(), second.model().sha256());
        List<String> changes = new ArrayList<>();
        differ(changes, "Java", first.machine().java(), second.machine().java());
        differ(changes, "the JVM's options", options(first), options(second));
        differ(changes, "lowpass", first.program().version(), second.program().version());
        differ(changes, "the commit", first.program().commit(), second.program().commit());
        differ(changes, "the engines", first.engines(), second.engines());
        Map<Key, Receipt.Measurement> left = byKey(first);
        Map<Key, Receipt.Measurement> right = byKey(second);
        List<Pair> pairs = new ArrayList<>();
        left.forEach((key, one) -> {
            if (right.containsKey(key)) {
                pairs.add(new Pair(key.toString(), one, right.get(key)));
            }
        });
        if (pairs.isEmpty()) {
            obstacles.add("they have no measurement in common (" + missing(left.keySet(), Set.of()) + " against " + missing(right.keySet(), Set.of()) + ")");
        }
        return new Comparison(pairs, obstacles, changes, missing(left.keySet(), right.keySet()), missing(right.keySet(), left.keySet()));
    }

    private static Map<Key, Receipt.Measurement> byKey(Receipt receipt) {
        Map<Key, Receipt.Measurement> byKey = new LinkedHashMap<>();
        receipt.measurements().stream().filter(one -> one.absent() == null).forEach(one -> byKey.put(Key.of(one), one));
        return byKey;
    }

    private static List<String> missing(Set<Key> of, Set<Key> in) {
        return of.stream().filter(key -> !in.contains(key)).map(Key::toString).toList();
    }

    private static void differ(List<String> list, String what, Object first, Object second) {
        if (!Objects.equals(first, second)) {
            list.add(what + " differs (" + first + " against " + second + ")");
        }
    }

    /** Names and drivers: which of several equal GPUs ran does not matter. */
    private static List<String> gpus(Receipt receipt) {
        return receipt.machine().gpus().stream().map(gpu -> gpu.name() + " with driver " + gpu.driver()).toList();
    }

    /** Without those that name folders and descriptors. */
    private static Set<String> options(Receipt receipt) {
        Set<String> options = new TreeSet<>(receipt.machine().jvmOptions());
        options.removeIf(option -> option.startsWith("-Dlowpass.home=") || option.startsWith("-Dlowpass.stderr=") || option.startsWith("-Dlowpass.terminal."));
        return options;
    }
}
