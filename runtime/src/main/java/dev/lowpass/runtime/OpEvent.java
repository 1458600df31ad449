package dev.lowpass.runtime;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/**
 * One step of a session's plan in a run. Off unless a recording turns it on ({@code +lowpass.Op#enabled=true} at the JVM's start). On a GPU the pass then
 * runs step by step, each waited for, instead of as one CUDA graph: {@link #computeTime} is the device's own, the event's duration has
 * the launch and the wait in it, and runs are slower than without. A run that is timed ({@link RunTiming}) makes none.
 */
@Name("lowpass.Op")
@Label("Operation")
@Category("Lowpass")
@Description("One step of a run: an operation, or several fused into one")
@Enabled(false)
@StackTrace(false)
final class OpEvent extends Event {

    @Label("Model")
    @Description("The file that the model was loaded from")
    String model;

    @Label("Device")
    String device;

    @Label("Batch")
    @Description("Images of the call")
    int batch;

    @Label("Step")
    @Description("The step's number in the session's plan, from 0")
    int step;

    @Label("Ops")
    @Description("The ops of the model's graph that the step carries out; empty for a mere change of domain")
    String ops;

    @Label("Kernel")
    @Description("The operation's name: <op>_<dtype>_<block>_<variant>")
    String kernel;

    @Label("Tactic")
    @Description("Which of the back end's ways to run the operation was chosen; empty where there is one only")
    String tactic;

    @Label("Compute Time")
    @Description("Time of the operation alone; of a GPU by its own clock")
    @Timespan(Timespan.NANOSECONDS)
    long computeTime;
}
