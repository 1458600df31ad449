/** The {@code lowpass} command line. */
module dev.lowpass.bench {
    requires dev.lowpass.models;
    requires info.picocli;
}
