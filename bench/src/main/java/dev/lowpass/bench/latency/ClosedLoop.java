package dev.lowpass.bench.latency;

import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** Each caller's next call begins when its last has ended. */
public final class ClosedLoop implements Load {

    @Override
    public Timed turn(List<? extends Engine.Call> calls, long settleNanos, long turnNanos, int least, long seed) {
        int each = (least + calls.size() - 1) / calls.size();
        Durations[] durations = new Durations[calls.size()];
        long[] begins = new long[calls.size()];
        long[] ends = new long[calls.size()];
        long start = System.nanoTime();
        Callers.run(calls.size(), number -> {
            Engine.Call call = calls.get(number);
            Durations own = durations[number] = new Durations();
            do {
                call.run();
            } while (System.nanoTime() - start < settleNanos);
            long now = begins[number] = System.nanoTime();
            while (now - start < settleNanos + turnNanos || own.count() < each) {
                own.add(call.runTimed());
                now = System.nanoTime();
            }
            ends[number] = now;
        });
        long begin = LongStream.of(begins).map(nanos -> nanos - start).min().orElseThrow();
        long end = LongStream.of(ends).map(nanos -> nanos - start).max().orElseThrow();
        return new Timed(start + begin, end - begin, Stream.of(durations).flatMapToLong(own -> LongStream.of(own.toArray())).toArray(), null);
    }
}
