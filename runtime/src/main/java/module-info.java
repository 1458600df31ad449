/** The model file, the planner and sessions: what an application that serves a model uses. */
module dev.lowpass.runtime {
    requires transitive dev.lowpass.kernels;
    requires com.fasterxml.jackson.core;
    requires jdk.jfr;

    exports dev.lowpass.runtime;
    exports dev.lowpass.runtime.file;
    exports dev.lowpass.runtime.graph;
    exports dev.lowpass.runtime.plan;
}
