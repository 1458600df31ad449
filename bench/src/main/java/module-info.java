/** The {@code lowpass} command line. */
module dev.lowpass.bench {
    requires dev.lowpass.models;
    requires com.fasterxml.jackson.annotation;
    requires com.fasterxml.jackson.core;
    requires com.fasterxml.jackson.databind;
    requires info.picocli;
    requires java.logging;
    requires jdk.jfr;
    requires jdk.management;
    requires me.tongfei.progressbar;

    uses dev.lowpass.bench.latency.Engine;

    // picocli sets options by reflection.
    opens dev.lowpass.bench.command to info.picocli;
    // Jackson makes receipts and profiles of files by reflection.
    opens dev.lowpass.bench.profile to com.fasterxml.jackson.databind;
    opens dev.lowpass.bench.receipt to com.fasterxml.jackson.databind;
}
