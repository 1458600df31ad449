package dev.lowpass.kernels.vector;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The calling thread and {@code threads - 1} helpers that share the units of a task: daemon threads, or tasks of a caller's executor.
 * Units are claimed one by one from an atomic ticket, so a late worker costs nothing and nobody waits for a worker that has claimed
 * nothing. Nothing is allocated and no lock is held while a task runs. One caller at a time.
 *
 * <p>A helper that finds no new task for a while parks its thread, or gives the executor's thread back and is handed to it again with
 * the next task. An executor that is slow or refuses only leaves more units to the caller.
 */
final class Workers implements AutoCloseable {

    /** Work that falls into units that may run in any order and at once. */
    interface Task {
        /**
         * @param unit from 0 to the number of units
         * @param worker from 0 to the number of threads: whose scratch memory to use
         */
        void run(int unit, int worker);
    }

    private static final System.Logger LOG = System.getLogger(Workers.class.getName());

    /** Some 30 microseconds of looking out for the next step before a worker lets the processor go. */
    private static final int SPINS = 2000;

    private static final int AWAKE = 0;
    /** Its thread is parked, or the executor does not have it. */
    private static final int ASLEEP = 1;
    /** The executor has it, but has not run it yet, and perhaps never will. */
    private static final int HANDED = 2;

    /** Upper half: the task's number; lower half: its next unit. A claim succeeds only within the task that was looked at. */
    private final AtomicLong ticket = new AtomicLong();
    private final AtomicInteger finished = new AtomicInteger();
    private final Executor executor; // null for threads of our own
    private final Thread[] threads;
    private final Runnable[] helpers;
    /** By helper: {@link #AWAKE}, {@link #ASLEEP} or {@link #HANDED}. */
    private final AtomicInteger[] asleep;
    private final AtomicBoolean told = new AtomicBoolean();
    /** Who runs the task: an executor that runs a helper on this thread must not keep it from its own share. */
    private volatile Thread caller;
    private volatile Task task;
    private volatile int units;
    private volatile Throwable failure;
    private volatile boolean closed;

    /** With threads of its own. */
    Workers(int count) {
        this(count, null);
    }

    /** @param executor runs the helpers; null for threads of its own */
    Workers(int count, Executor executor) {
        this.executor = executor;
        threads = new Thread[executor == null ? count - 1 : 0];
        helpers = new Runnable[count - 1];
        asleep = new AtomicInteger[count - 1];
        for (int i = 0; i < helpers.length; i++) {
            int worker = i + 1;
            asleep[i] = new AtomicInteger(executor == null ? AWAKE : ASLEEP);
            helpers[i] = () -> serve(worker);
        }
        try {
            for (int i = 0; i < threads.length; i++) {
                Thread thread = new Thread(helpers[i], "lowpass-worker-" + (i + 1));
                thread.setDaemon(true);
                thread.start();
                threads[i] = thread;
            }
        } catch (OutOfMemoryError e) { // also thrown where the system allows no further thread
            close();
            throw e;
        }
    }

    /** Workers, the calling thread among them. */
    int count() {
        return helpers.length + 1;
    }

    /**
     * Runs every unit and returns when all are done.
     *
     * @throws RuntimeException or an Error: one that a unit threw, after the other units are done
     */
    void run(Task work, int count) {
        if (helpers.length == 0 || count <= 1) {
            for (int unit = 0; unit < count; unit++) {
                work.run(unit, 0);
            }
            return;
        }
        // Shut the last task's ticket first: a late worker that compares it with the new number of units must not claim.
        long last = ticket.get() >>> 32;
        ticket.set(last << 32 | Integer.MAX_VALUE);
        failure = null;
        finished.set(0);
        caller = Thread.currentThread();
        task = work;
        units = count;
        ticket.set(last + 1 << 32);
        for (int i = 0; i < helpers.length; i++) {
            if (asleep[i].get() == ASLEEP) {
                wake(i);
            }
        }
        work(0);
        awaitUnits(count);
        caller = null;
        // No claim of this task can succeed any more, and a worker that wakes late finds no unit.
        Throwable thrown = failure;
        if (thrown instanceof Error error) {
            throw error;
        }
        if (thrown != null) {
            throw (RuntimeException) thrown;
        }
    }

    /** Waits for the helpers' units. A method of its own, as {@link #spin} is, so that this loop does not make {@link #run} hot. */
    private void awaitUnits(int count) {
        for (int spin = 0; finished.get() < count; spin++) {
            if (spin < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    /** Claims and runs units until none is left. */
    private void work(int worker) {
        while (true) {
            long seen = ticket.get();
            Task work = task;
            int unit = (int) seen;
            if (unit >= units) {
                return;
            }
            // Should task and units belong to a later ticket than the one seen, this fails.
            if (!ticket.compareAndSet(seen, seen + 1)) {
                continue;
            }
            try {
                work.run(unit, worker);
            } catch (RuntimeException | Error e) {
                failure = e;
            } finally {
                finished.incrementAndGet();
            }
        }
    }

    private void wake(int helper) {
        if (executor == null) {
            LockSupport.unpark(threads[helper]);
            return;
        }
        // A helper that was about to sleep may have seen the task by itself; handed over nevertheless, it would run twice at once.
        if (!asleep[helper].compareAndSet(ASLEEP, HANDED)) {
            return;
        }
        try {
            executor.execute(helpers[helper]);
        } catch (RejectedExecutionException e) {
            asleep[helper].set(ASLEEP); // the caller does the helper's share
        } catch (RuntimeException | Error e) { // an OutOfMemoryError where no thread can be started, or a fault of the executor
            asleep[helper].set(ASLEEP);
            // Nothing may leave run while a helper is at the task; and the task can be done.
            if (told.compareAndSet(false, true)) {
                LOG.log(System.Logger.Level.WARNING, "the session's executor failed; the calling thread works alone", e);
            }
        }
    }

    private void serve(int worker) {
        AtomicInteger flag = asleep[worker - 1];
        long served = 0;
        if (executor != null) {
            served = -1; // it was handed over because there is a task
            if (!flag.compareAndSet(HANDED, AWAKE)) {
                return; // closed before the executor came to it
            }
            if (Thread.currentThread() == caller) {
                flag.set(ASLEEP);
                return; // it is about to do the work itself
            }
        }
        while (!closed) {
            spin(served);
            if (ticket.get() >>> 32 == served) {
                flag.set(ASLEEP);
                // Looked at again after the flag is up: whoever opens a task from here on sees the flag.
                if (executor != null) {
                    if (ticket.get() >>> 32 == served || !flag.compareAndSet(ASLEEP, AWAKE)) {
                        return; // handed over again with the next task, or already
                    }
                } else {
                    while (ticket.get() >>> 32 == served && !closed) {
                        LockSupport.park(this);
                    }
                    flag.set(AWAKE);
                }
            }
            served = ticket.get() >>> 32;
            work(worker);
        }
        flag.set(ASLEEP);
    }

    /**
     * Waits a while for the next task. A method of its own: the loop gets hot at once, and if it stood in {@link #serve}, C2 would replace
     * that on the stack, for as long as the thread lives, by one method with all kernels in it, too large for it to inline all vectors.
     */
    private void spin(long served) {
        for (int spin = 0; spin < SPINS && ticket.get() >>> 32 == served && !closed; spin++) {
            Thread.onSpinWait();
        }
    }

    /** Stops the helpers and waits until they have ended. */
    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        for (Thread thread : threads) {
            if (thread == null) {
                break; // the one that could not be started
            }
            LockSupport.unpark(thread);
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        for (int i = 0; executor != null && i < asleep.length; i++) {
            asleep[i].compareAndSet(HANDED, ASLEEP);
            while (asleep[i].get() == AWAKE) {
                Thread.yield();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
