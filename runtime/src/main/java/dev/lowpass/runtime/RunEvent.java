package dev.lowpass.runtime;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/**
 * A call of {@link Session#run}, from its arguments' check to its logits; of {@link Session#runOnDevice}, to the work's being enqueued. On
 * in every recording that does not turn it off.
 */
@Name("lowpass.Run")
@Label("Run")
@Category("Lowpass")
@Description("A batch run by a session: waiting for a context, input, all operations, logits")
@StackTrace(false)
final class RunEvent extends Event {

    @Label("Model")
    @Description("The file that the model was loaded from")
    String model;

    @Label("Device")
    String device;

    @Label("Batch")
    @Description("Images of the call")
    int batch;

    @Label("Waiting Time")
    @Description("Time until one of the session's contexts was free; where it counts, give the session more contexts")
    @Timespan(Timespan.NANOSECONDS)
    long waitingTime;
}
