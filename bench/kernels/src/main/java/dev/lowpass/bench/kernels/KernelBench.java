package dev.lowpass.bench.kernels;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One operation of the CPU back end, on one thread, its operands in the caches that they fit. Calls are timed one by one, so that the median is
 * what the operation takes, whatever else the machine does now and then. Public for JMH.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class KernelBench {

    @Param
    public Layer layer;

    private Trial trial;

    @Setup(Level.Trial)
    public void setUp() {
        trial = new Trial(layer.spec(), 1);
        trial.verify();
    }

    @Benchmark
    public void run() {
        trial.run();
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        trial.close();
    }
}
