// Runs grids and checks every address.
//
// A block runs on one thread of the host; its CUDA threads are fibers, so a barrier is a switch to another fiber. A fiber
// takes the block's threads one after another and keeps one only while that thread waits, so a kernel without barriers runs
// as a loop on a single fiber.
//
// Kernels are compiled with -fsanitize=kernel-address and without inline checks: g++ calls __asan_loadN / __asan_storeN before
// each access, and those are here instead of in a sanitizer's runtime.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <map>
#include <mutex>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "emulator.h"
#include "include/cuda_host.h"

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

using emulator::Result;

// How compiled code asks for a thread's copy of a library's thread-local block.
extern "C" void* __tls_get_addr(size_t* moduleAndOffset);

thread_local lowpass_emulator_built_ins lowpass_emulator_current;

namespace {

std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));

std::string format(const char* pattern, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, pattern);
    vsnprintf(text, sizeof text, pattern, arguments);
    va_end(arguments);
    return text;
}

// ---- device memory ----

constexpr uint64_t kWindow = 64ull << 30;
constexpr uint64_t kPage = 4096;

struct Allocation {
    size_t bytes;
    bool live;
};

struct Window {
    uint64_t base = 0;
    uint8_t* shadow = nullptr;  // bytes that may be touched of each 8, from 0 to 8
    uint64_t cursor = 0;
    std::map<uint64_t, Allocation> allocations;
    std::mutex mutex;

    Window() {
        void* window = mmap(nullptr, kWindow, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        void* shadows = mmap(nullptr, kWindow / 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (window == MAP_FAILED || shadows == MAP_FAILED) {
            fprintf(stderr, "emulated device: cannot reserve %llu GiB of addresses\n", (unsigned long long) (kWindow >> 30));
            abort();
        }
        base = (uint64_t) window;
        shadow = static_cast<uint8_t*>(shadows);
    }

    // Room for an allocation and an untouchable page behind it, as late in the window's round as can be: a freed address
    // comes back only when the window is through.
    uint64_t room(uint64_t span) {
        for (int round = 0; round < 2; round++) {
            while (cursor + span <= kWindow) {
                uint64_t start = base + cursor;
                auto next = allocations.lower_bound(start);
                if (next != allocations.begin()) {
                    auto before = std::prev(next);
                    if (before->second.live && before->first + before->second.bytes > start) {
                        cursor = before->first + pages(before->second.bytes) + kPage - base;
                        continue;
                    }
                }
                bool free = true;
                for (auto at = next; at != allocations.end() && at->first < start + span; ++at) {
                    if (at->second.live) {
                        cursor = at->first + pages(at->second.bytes) + kPage - base;
                        free = false;
                        break;
                    }
                }
                if (free) {
                    allocations.erase(next, allocations.lower_bound(start + span));
                    cursor += span;
                    return start;
                }
            }
            cursor = 0;
        }
        return 0;
    }

    static uint64_t pages(uint64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }
};

// Never destroyed: a worker may still run while the process exits.
Window& window() {
    static Window* it = new Window;
    return *it;
}

// ---- libraries of kernels ----

struct SharedVariable {
    std::string name;
    uint64_t offset;  // from the library's thread-local block
    uint64_t bytes;
    bool dynamic;
};

struct Range {
    uint64_t start;
    uint64_t end;
    bool writable;
};

constexpr uint64_t kSharedGranule = 64;  // arrays are at least 128 bytes apart

struct Library {
    std::string path;
    size_t module;  // of the thread-local block
    uint64_t base;
    uint64_t tlsBytes = 0;
    std::vector<SharedVariable> variables;
    std::vector<uint16_t> variableAt;  // index + 1 for each granule
    std::vector<Range> data;
};

std::vector<Library*>& libraries() {
    static auto* it = new std::vector<Library*>;
    return *it;
}

lowpass_emulator_kernel* kernels = nullptr;

Library* libraryOf(const lowpass_emulator_kernel* kernel) {
    for (Library* library : libraries()) {
        for (const Range& range : library->data) {
            if ((uint64_t) kernel >= range.start && (uint64_t) kernel < range.end) {
                return library;
            }
        }
    }
    return nullptr;
}

// ---- fibers ----

constexpr size_t kStack = 256 << 10;
constexpr unsigned kMaxThreads = 1024;

struct Fiber {
    char* stack = nullptr;
#if defined(__x86_64__)
    void* context = nullptr;
#else
    ucontext_t context;
#endif
};

#if defined(__x86_64__)
extern "C" void lowpass_emulator_switch(void** save, void* load);
asm(R"(
.text
.hidden lowpass_emulator_switch
.globl lowpass_emulator_switch
.type lowpass_emulator_switch, @function
lowpass_emulator_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size lowpass_emulator_switch, .-lowpass_emulator_switch
)");
#endif

// ---- the state of one host thread that runs blocks ----

struct Exchange {
    const char* what;
    unsigned mask;
    unsigned arrived;
    int readers;
    alignas(32) unsigned char slots[32][32];
};

struct Copy {
    void* to;
    const void* from;
    size_t bytes;
    size_t sourceBytes;
};

enum class Wait { NONE, BARRIER, WARP_BARRIER, EXCHANGE };

struct Thread {
    uint3 index;
    Fiber* fiber;
    Wait wait;
    bool done;
    const char* where;  // file of the barrier, or the exchange's name
    int line;
    unsigned mask;
    Exchange* exchange;
    std::vector<Copy> copies;
    std::vector<size_t> groups;  // ends of committed groups in copies
};

// Who last touched four bytes of shared memory, and since when. Readers of its two halves are told apart: threads may own two bytes each.
struct Word {
    uint32_t writeEpoch;
    uint32_t readEpoch;
    uint16_t writer;
    uint16_t reader[2];
    uint16_t writerWarpEpoch;
    uint16_t readerWarpEpoch;
    uint8_t written;  // bytes, as a mask
    uint8_t read;
};

constexpr uint16_t kAtomic = 0xfffe;
constexpr uint16_t kManyReaders = 0xffff;
constexpr uint16_t kReadersOfWarp = 0x8000;

struct Job {
    const emulator::Launch* launch;
    Library* library;
    std::atomic<uint64_t> next;
    uint64_t blocks;
    std::mutex mutex;
    std::atomic<bool> failed;
    uint64_t failedBlock;
    Result result;
    std::string report;
};

struct Worker {
    Job* job = nullptr;
    uint64_t block = 0;
    unsigned threadCount = 0;
    unsigned nextThread = 0;
    unsigned doneThreads = 0;
    unsigned waiting = 0;  // at the block's barrier
    unsigned current = 0;
    bool failed = false;
    std::vector<Thread> threads;
    std::vector<Fiber> fibers;
    std::vector<Fiber*> idle;
    unsigned madeFibers = 0;
    std::vector<unsigned> ready;  // ring
    unsigned readyHead = 0;
    unsigned readyCount = 0;
    Fiber scheduler;
    Fiber* running = nullptr;
    int reduced[4];
    int barrierResult = 0;
    unsigned warpEpochs[32];
    unsigned warpAlive[32];
    std::vector<Exchange*> open[32];
    std::vector<Exchange*> spare;

    // Shared memory of the library whose kernel runs.
    Library* library = nullptr;
    std::vector<Word> words;
    std::vector<uint16_t> touched;
    std::vector<uint8_t> isTouched;
    uint32_t epoch = 0;
    std::map<Library*, std::vector<Word>> wordsOf;
};

// What each check reads first; fits the static thread-local space that a library opened late may use.
struct Checks {
    uint64_t stackStart;
    uint64_t sharedStart;
    uint64_t sharedBytes;
    Worker* worker;
};
__attribute__((tls_model("initial-exec"))) thread_local Checks checks;

uint64_t windowBase;  // copies of window()'s, for the checks
const uint8_t* windowShadow;

[[noreturn]] void leave(Worker* worker);

std::string place(Worker* worker) {
    const lowpass_emulator_built_ins& at = lowpass_emulator_current;
    return format("in kernel %s, block (%u,%u,%u) of (%u,%u,%u), thread (%u,%u,%u) of (%u,%u,%u)", worker->job->launch->kernel->name,
            at.block.x, at.block.y, at.block.z, at.grid_size.x, at.grid_size.y, at.grid_size.z, at.thread.x, at.thread.y, at.thread.z,
            at.block_size.x, at.block_size.y, at.block_size.z);
}

void fail(Worker* worker, Result result, const std::string& report) {
    Job* job = worker->job;
    std::lock_guard<std::mutex> lock(job->mutex);
    // With several workers the first block in the grid's order reports, whichever ran first.
    if (!job->failed || worker->block < job->failedBlock) {
        job->failed = true;
        job->failedBlock = worker->block;
        job->result = result;
        job->report = report;
    }
    worker->failed = true;
}

std::string codeAt(void* address) {
    Dl_info info;
    if (!dladdr(address, &info)) {
        return "";
    }
    const char* name = strrchr(info.dli_fname, '/');
    return format(" (code at %s+0x%llx)", name ? name + 1 : info.dli_fname,
            (unsigned long long) ((char*) address - (char*) info.dli_fbase));
}

const char* const kKinds[] = {"load", "store", "atomic"};

// ---- checks ----

void checkShared(Worker* worker, uint64_t address, size_t bytes, int kind, void* code) {
    Library* library = worker->library;
    uint64_t offset = address - checks.sharedStart;
    uint16_t index = library->variableAt[offset / kSharedGranule];
    const SharedVariable* variable = index == 0 ? nullptr : &library->variables[index - 1];
    uint64_t size = variable == nullptr ? 0 : variable->dynamic ? worker->job->launch->dynamicShared : variable->bytes;
    if (variable == nullptr || offset < variable->offset || offset + bytes > variable->offset + size) {
        // The nearest array that starts before; the one the access most likely meant.
        const SharedVariable* nearest = variable;
        for (const SharedVariable& candidate : library->variables) {
            if (variable == nullptr && candidate.offset <= offset && (nearest == nullptr || candidate.offset > nearest->offset)) {
                nearest = &candidate;
            }
        }
        std::string relation = "outside every shared array";
        if (nearest != nullptr) {
            uint64_t nearestSize = nearest->dynamic ? worker->job->launch->dynamicShared : nearest->bytes;
            relation = format("offset %lld of the %llu-byte %s shared array %s", (long long) (offset - nearest->offset),
                    (unsigned long long) nearestSize, nearest->dynamic ? "dynamic" : "static", nearest->name.c_str());
        }
        fail(worker, emulator::ILLEGAL_ADDRESS, format("illegal shared memory %s of %zu bytes ", kKinds[kind], bytes) + place(worker) + ": "
                + relation + codeAt(code));
        leave(worker);
    }
    if (!variable->dynamic && !worker->isTouched[index - 1]) {
        worker->isTouched[index - 1] = 1;
        worker->touched.push_back(index - 1);
    }
    if (!emulator::checkRaces) {
        return;
    }
    uint16_t me = (uint16_t) worker->current, warp = me / 32;
    uint16_t warpEpoch = (uint16_t) worker->warpEpochs[warp];
    uint32_t epoch = worker->epoch;
    for (uint64_t at = offset & ~3ull; at < offset + bytes; at += 4) {
        Word& word = worker->words[at / 4];
        uint8_t mask = 0xf;
        if (at < offset) {
            mask &= (uint8_t) (0xf << (offset - at));
        }
        if (offset + bytes - at < 4) {
            mask &= (uint8_t) ((1 << (offset + bytes - at)) - 1);
        }
        bool wrote = word.writeEpoch == epoch && word.writer != me && (word.written & mask) != 0 && !(word.writer == kAtomic && kind == 2)
                && !(word.writer != kAtomic && word.writer / 32 == warp && word.writerWarpEpoch < warpEpoch);
        bool read = false;
        uint16_t conflicting = 0;
        for (int half = 0; half < 2 && kind != 0 && word.readEpoch == epoch; half++) {
            uint16_t reader = word.reader[half];
            if ((word.read & mask & 3 << 2 * half) != 0 && reader != me
                    && !(reader != kManyReaders && word.readerWarpEpoch < warpEpoch
                            && (reader & kReadersOfWarp ? (reader & 0x7fff) == warp : reader / 32 == warp))) {
                read = true;
                conflicting = reader;
            }
        }
        if (wrote || read) {
            uint16_t other = wrote ? word.writer : conflicting;
            std::string who = other == kAtomic ? "an atomic" : other == kManyReaders ? "several threads' load"
                    : other & kReadersOfWarp ? format("loads of warp %u", other & 0x7fff) : format("thread %u's %s", other, wrote ? "store" : "load");
            fail(worker, emulator::LAUNCH_FAILED, format("shared memory race: %s of %zu bytes ", kKinds[kind], bytes) + place(worker)
                    + format(" (thread %u of the block) and %s with no barrier between, at offset %lld of %s", me, who.c_str(),
                            (long long) (at - variable->offset), variable->name.c_str()) + codeAt(code));
            leave(worker);
        }
        if (kind == 0) {
            if (word.readEpoch != epoch) {
                word.readEpoch = epoch;
                word.read = 0;
            }
            for (int half = 0; half < 2; half++) {
                uint16_t& reader = word.reader[half];
                if ((mask & 3 << 2 * half) == 0) {
                    continue;
                }
                if ((word.read & 3 << 2 * half) == 0) {
                    reader = me;
                } else if (reader != me && reader != kManyReaders && reader != (kReadersOfWarp | warp)) {
                    bool sameWarp = !(reader & kReadersOfWarp) && reader / 32 == warp;
                    reader = sameWarp ? (uint16_t) (kReadersOfWarp | warp) : kManyReaders;
                }
            }
            word.read |= mask;
            word.readerWarpEpoch = warpEpoch;
        } else {
            uint16_t writer = kind == 2 ? kAtomic : me;
            word.written = word.writeEpoch == epoch && word.writer == writer ? (uint8_t) (word.written | mask) : mask;
            word.writeEpoch = epoch;
            word.writer = writer;
            word.writerWarpEpoch = warpEpoch;
        }
    }
}

// Everything that the fast path does not settle.
__attribute__((noinline)) void checkSlow(uint64_t address, size_t bytes, int kind, void* code) {
    Worker* worker = checks.worker;
    if (worker == nullptr || bytes == 0) {
        return;  // a library's constructors
    }
    if (address - checks.stackStart < kStack && bytes <= kStack - (address - checks.stackStart)) {
        return;
    }
    if (address - checks.sharedStart < checks.sharedBytes) {
        checkShared(worker, address, bytes, kind, code);
        return;
    }
    if (address - windowBase < kWindow && emulator::Memory::covers(address, bytes)) {
        return;
    }
    for (const Range& range : worker->library->data) {
        if (address >= range.start && address + bytes <= range.end && (kind == 0 || range.writable)) {
            return;
        }
    }
    fail(worker, emulator::ILLEGAL_ADDRESS, format("illegal %s of %zu bytes ", kKinds[kind], bytes) + place(worker)
            + format(": address 0x%llx, ", (unsigned long long) address) + emulator::Memory::describe(address) + codeAt(code));
    leave(worker);
}

template <size_t Bytes, int Kind>
inline __attribute__((always_inline)) void check(uint64_t address, void* code) {
    uint64_t offset = address - windowBase;
    if (offset < kWindow - 16 && checks.worker != nullptr) {
        uint64_t granule = offset >> 3;
        unsigned within = (unsigned) offset & 7;
        if (Bytes <= 8 ? within + Bytes <= windowShadow[granule]
                       : within == 0 && windowShadow[granule] == 8 && windowShadow[granule + 1] == 8) {
            return;
        }
    } else if (address - checks.stackStart < kStack - Bytes) {
        return;
    } else if (address - checks.sharedStart < checks.sharedBytes) {
        checkShared(checks.worker, address, Bytes, Kind, code);
        return;
    }
    checkSlow(address, Bytes, Kind, code);
}

}  // namespace

#define LOWPASS_CHECK(bytes)                                                            \
    EMULATOR_EXPORT void __asan_load##bytes##_noabort(uint64_t address) {               \
        check<bytes, 0>(address, __builtin_return_address(0));                          \
    }                                                                                   \
    EMULATOR_EXPORT void __asan_store##bytes##_noabort(uint64_t address) {              \
        check<bytes, 1>(address, __builtin_return_address(0));                          \
    }
LOWPASS_CHECK(1)
LOWPASS_CHECK(2)
LOWPASS_CHECK(4)
LOWPASS_CHECK(8)
LOWPASS_CHECK(16)
EMULATOR_EXPORT void __asan_loadN_noabort(uint64_t address, size_t bytes) { checkSlow(address, bytes, 0, __builtin_return_address(0)); }
EMULATOR_EXPORT void __asan_storeN_noabort(uint64_t address, size_t bytes) { checkSlow(address, bytes, 1, __builtin_return_address(0)); }
EMULATOR_EXPORT void __asan_handle_no_return() {}

// g++'s -fsanitize=alignment,bounds call these; the layouts are those of its ubsan interface.
struct lowpass_ubsan_location {
    const char* file;
    uint32_t line;
    uint32_t column;
};
struct lowpass_ubsan_type {
    uint16_t kind;
    uint16_t info;
    char name[1];
};
struct lowpass_ubsan_mismatch {
    lowpass_ubsan_location location;
    lowpass_ubsan_type* type;
    uint8_t log_alignment;
    uint8_t kind;
};
struct lowpass_ubsan_bounds {
    lowpass_ubsan_location location;
    lowpass_ubsan_type* array;
    lowpass_ubsan_type* index;
};

EMULATOR_EXPORT void __ubsan_handle_type_mismatch_v1(lowpass_ubsan_mismatch* data, uint64_t address) {
    Worker* worker = checks.worker;
    if (worker == nullptr) {
        return;
    }
    fail(worker, emulator::MISALIGNED_ADDRESS, "misaligned access " + place(worker) + format(": address 0x%llx for %s, which needs %llu bytes' "
            "alignment, at %s:%u", (unsigned long long) address, data->type->name, 1ull << data->log_alignment, data->location.file,
            data->location.line));
    leave(worker);
}

EMULATOR_EXPORT void __ubsan_handle_out_of_bounds(lowpass_ubsan_bounds* data, uint64_t index) {
    Worker* worker = checks.worker;
    if (worker == nullptr) {
        return;
    }
    fail(worker, emulator::ILLEGAL_ADDRESS, "array index out of bounds " + place(worker) + format(": index %lld of %s at %s:%u",
            (long long) index, data->array->name, data->location.file, data->location.line));
    leave(worker);
}

// ---- running a block ----

namespace {

void switchFibers(Fiber* from, Fiber* to) {
#if defined(__x86_64__)
    lowpass_emulator_switch(&from->context, to->context);
#else
    swapcontext(&from->context, &to->context);
#endif
}

void enter(Worker* worker, unsigned thread) {
    Thread& it = worker->threads[thread];
    worker->current = thread;
    worker->running = it.fiber;
    lowpass_emulator_current.thread = it.index;
    checks.stackStart = (uint64_t) it.fiber->stack;
}

void fiberMain() {
    Worker* worker = checks.worker;
    Fiber* self = worker->running;
    for (;;) {
        while (worker->nextThread < worker->threadCount) {
            unsigned mine = worker->nextThread++;
            worker->threads[mine].fiber = self;
            enter(worker, mine);
            const emulator::Launch* launch = worker->job->launch;
            launch->kernel->call(launch->parameters);
            Thread& thread = worker->threads[mine];
            thread.done = true;
            if (thread.exchange != nullptr) {
                if (--thread.exchange->readers == 0) {
                    worker->spare.push_back(thread.exchange);
                }
                thread.exchange = nullptr;
            }
            worker->doneThreads++;
        }
        worker->idle.push_back(self);
        if (worker->readyCount > 0) {
            unsigned next = worker->ready[worker->readyHead++ % kMaxThreads];
            worker->readyCount--;
            enter(worker, next);
            switchFibers(self, worker->threads[next].fiber);
        } else {
            switchFibers(self, &worker->scheduler);
        }
        // Taken up again for a new block, or for threads that no fiber has begun.
        self = worker->running;
    }
}

#if !defined(__x86_64__)
void fiberStart() { fiberMain(); }
#endif

void prepare(Fiber* fiber) {
#if defined(__x86_64__)
    uint64_t* top = reinterpret_cast<uint64_t*>(fiber->stack + kStack - 64);
    memset(top - 8, 0, 64 + 64);
    top[0] = (uint64_t) &fiberMain;  // where the first switch returns to
    fiber->context = top - 6;        // below it six saved registers
#else
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = kStack;
    fiber->context.uc_link = nullptr;
    makecontext(&fiber->context, fiberStart, 0);
#endif
}

Fiber* idleFiber(Worker* worker) {
    if (!worker->idle.empty()) {
        Fiber* fiber = worker->idle.back();
        worker->idle.pop_back();
        return fiber;
    }
    Fiber* fiber = &worker->fibers[worker->madeFibers++];
    if (fiber->stack == nullptr) {
        // The first page is never touched: a stack that overflows ends in a fault instead of a neighbour's data.
        char* memory = static_cast<char*>(mmap(nullptr, kStack + kPage, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        if (memory == MAP_FAILED) {
            fprintf(stderr, "emulated device: no memory for a fiber's stack\n");
            abort();
        }
        mprotect(memory, kPage, PROT_NONE);
        fiber->stack = memory + kPage;
    }
    prepare(fiber);
    return fiber;
}

void leave(Worker* worker) {
    // Nothing of the block runs again; its fibers are started afresh.
    switchFibers(worker->running, &worker->scheduler);
    abort();
}

// Gives the host thread to whoever can run; the caller has noted what it waits for.
void yield(Worker* worker) {
    unsigned mine = worker->current;
    Fiber* self = worker->running;
    if (worker->readyCount > 0) {
        unsigned next = worker->ready[worker->readyHead++ % kMaxThreads];
        worker->readyCount--;
        enter(worker, next);
        switchFibers(self, worker->threads[next].fiber);
    } else if (worker->nextThread < worker->threadCount) {
        Fiber* fiber = idleFiber(worker);
        worker->running = fiber;
        switchFibers(self, fiber);
    } else {
        switchFibers(self, &worker->scheduler);
    }
    enter(worker, mine);
}

void makeReady(Worker* worker, unsigned thread) {
    worker->threads[thread].wait = Wait::NONE;
    worker->ready[(worker->readyHead + worker->readyCount++) % kMaxThreads] = thread;
}

const char* fileName(const char* path) {
    const char* slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// Nobody can run, and somebody waits: says who waits for whom.
void reportStuck(Worker* worker) {
    struct Place {
        unsigned count;
        unsigned first;
    };
    std::map<std::string, Place> places;
    unsigned first = kMaxThreads;
    for (unsigned i = 0; i < worker->threadCount; i++) {
        Thread& thread = worker->threads[i];
        std::string what;
        if (thread.done) {
            what = "have exited";
        } else if (thread.wait == Wait::EXCHANGE) {
            what = format("wait in %s with mask 0x%08x", thread.where, thread.mask);
        } else if (thread.wait == Wait::WARP_BARRIER) {
            what = format("wait in __syncwarp at %s:%d with mask 0x%08x", fileName(thread.where), thread.line, thread.mask);
        } else {
            what = format("wait in __syncthreads at %s:%d", fileName(thread.where), thread.line);
        }
        if (!thread.done && first == kMaxThreads) {
            first = i;
        }
        auto at = places.insert({what, {0, i}}).first;
        at->second.count++;
    }
    lowpass_emulator_current.thread = worker->threads[first].index;
    std::string text = "divergent barrier " + place(worker) + ":";
    const char* separator = " ";
    for (auto& entry : places) {
        text += separator + format("%u of %u threads ", entry.second.count, worker->threadCount) + entry.first
                + format(" (first: thread %u)", entry.second.first);
        separator = ", ";
    }
    fail(worker, emulator::LAUNCH_FAILED, text);
}

void runBlock(Worker* worker, uint64_t block) {
    const emulator::Launch& launch = *worker->job->launch;
    worker->block = block;
    worker->failed = false;
    worker->nextThread = 0;
    worker->doneThreads = 0;
    worker->waiting = 0;
    worker->readyHead = 0;
    worker->readyCount = 0;
    worker->epoch++;
    memset(worker->warpEpochs, 0, sizeof worker->warpEpochs);
    lowpass_emulator_current.block = {(unsigned) (block % launch.grid[0]), (unsigned) (block / launch.grid[0] % launch.grid[1]),
            (unsigned) (block / launch.grid[0] / launch.grid[1])};
    for (unsigned i = 0; i < worker->threadCount; i++) {
        Thread& thread = worker->threads[i];
        thread.wait = Wait::NONE;
        thread.done = false;
        thread.exchange = nullptr;
        if (!thread.copies.empty()) {
            thread.copies.clear();
        }
        thread.groups.clear();
    }
    // Dynamic shared memory starts each block as NaN, and so do the static arrays that the block before touched.
    for (const SharedVariable& variable : worker->library->variables) {
        if (variable.dynamic) {
            memset((void*) (checks.sharedStart + variable.offset), 0xff, launch.dynamicShared);
        }
    }
    for (uint16_t index : worker->touched) {
        const SharedVariable& variable = worker->library->variables[index];
        memset((void*) (checks.sharedStart + variable.offset), 0xff, variable.bytes);
        worker->isTouched[index] = 0;
    }
    worker->touched.clear();

    while (!worker->failed && worker->nextThread < worker->threadCount) {
        Fiber* fiber = idleFiber(worker);
        worker->running = fiber;
        switchFibers(&worker->scheduler, fiber);
    }
    if (!worker->failed && worker->doneThreads < worker->threadCount) {
        reportStuck(worker);
    }
    if (worker->failed) {
        worker->idle.clear();
        worker->madeFibers = 0;
        for (auto& open : worker->open) {
            for (Exchange* exchange : open) {
                delete exchange;
            }
            open.clear();
        }
    }
}

// The library's shared arrays in the calling host thread.
uint64_t sharedStart(Library* library) {
    struct Search {
        Library* library;
        uint64_t start;
    } search{library, 0};
    dl_iterate_phdr([](dl_phdr_info* info, size_t, void* data) {
        auto* it = static_cast<Search*>(data);
        if (info->dlpi_addr == it->library->base && info->dlpi_name != nullptr && it->library->path == info->dlpi_name) {
            it->start = (uint64_t) info->dlpi_tls_data;
            return 1;
        }
        return 0;
    }, &search);
    return search.start;
}

void runBlocks(Worker* worker, Job* job) {
    const emulator::Launch& launch = *job->launch;
    worker->job = job;
    worker->threadCount = launch.block[0] * launch.block[1] * launch.block[2];
    if (worker->threads.empty()) {
        worker->threads.resize(kMaxThreads);
        worker->fibers.resize(kMaxThreads);
        worker->ready.resize(kMaxThreads);
    }
    Library* library = job->library;
    if (worker->library != library) {
        if (worker->library != nullptr) {
            worker->wordsOf[worker->library].swap(worker->words);
        }
        worker->library = library;
        worker->words.swap(worker->wordsOf[library]);
        worker->words.resize(library->tlsBytes / 4 + 8);
        worker->isTouched.assign(library->variables.size(), 0);
        worker->touched.clear();
    }
    checks.sharedStart = 0;
    checks.sharedBytes = 0;
    if (library->tlsBytes > 0) {
        // The loader gives a thread its block at the first access; ask for it the way compiled code does.
        struct {
            size_t module;
            size_t offset;
        } index{library->module, 0};
        __tls_get_addr(&index.module);
        checks.sharedStart = sharedStart(library);
        checks.sharedBytes = library->tlsBytes;
        for (const SharedVariable& variable : library->variables) {
            if (!variable.dynamic) {
                memset((void*) (checks.sharedStart + variable.offset), 0xff, variable.bytes);
            }
        }
        std::fill(worker->isTouched.begin(), worker->isTouched.end(), 0);
        worker->touched.clear();
    }
    unsigned i = 0;
    for (unsigned z = 0; z < launch.block[2]; z++) {
        for (unsigned y = 0; y < launch.block[1]; y++) {
            for (unsigned x = 0; x < launch.block[0]; x++) {
                worker->threads[i++].index = {x, y, z};
            }
        }
    }
    lowpass_emulator_current.block_size = {launch.block[0], launch.block[1], launch.block[2]};
    lowpass_emulator_current.grid_size = {launch.grid[0], launch.grid[1], launch.grid[2]};
    windowBase = window().base;
    windowShadow = window().shadow;
    checks.worker = worker;
    while (!job->failed) {
        uint64_t block = job->next++;
        if (block >= job->blocks) {
            break;
        }
        runBlock(worker, block);
    }
    checks.worker = nullptr;
    worker->job = nullptr;
}

// ---- host threads ----

// One by default: blocks then run in the grid's order, and results that depend on it repeat.
struct Pool {
    std::mutex mutex;
    std::condition_variable wake;
    std::condition_variable finished;
    Job* job = nullptr;
    uint64_t round = 0;
    unsigned busy = 0;
    unsigned size = 1;
    bool started = false;

    void work() {
        auto* worker = new Worker;
        uint64_t seen = 0;
        for (;;) {
            Job* mine;
            {
                std::unique_lock<std::mutex> lock(mutex);
                wake.wait(lock, [&] { return round != seen; });
                seen = round;
                mine = job;
            }
            runBlocks(worker, mine);
            std::lock_guard<std::mutex> lock(mutex);
            if (--busy == 0) {
                finished.notify_all();
            }
        }
    }

    void run(Job* work) {
        std::unique_lock<std::mutex> lock(mutex);
        if (!started) {
            const char* workers = getenv("LOWPASS_EMULATOR_WORKERS");
            size = workers == nullptr ? 1 : std::max(1, std::min(64, atoi(workers)));
            for (unsigned i = 0; i < size; i++) {
                std::thread([this] { this->work(); }).detach();
            }
            started = true;
        }
        job = work;
        busy = size;
        round++;
        wake.notify_all();
        finished.wait(lock, [&] { return busy == 0; });
    }
};

Pool& pool() {
    static Pool* it = new Pool;
    return *it;
}

}  // namespace

// ---- what kernels call ----

EMULATOR_EXPORT int lowpass_emulator_barrier(int operation, int predicate, const char* file, int line) {
    Worker* worker = checks.worker;
    Thread& me = worker->threads[worker->current];
    me.wait = Wait::BARRIER;
    me.where = file;
    me.line = line;
    if (worker->waiting == 0) {
        worker->reduced[1] = 1;
        worker->reduced[2] = 0;
        worker->reduced[3] = 0;
    }
    worker->reduced[1] &= predicate;
    worker->reduced[2] |= predicate;
    worker->reduced[3] += predicate;
    if (++worker->waiting == worker->threadCount) {
        for (unsigned i = 0; i < worker->threadCount; i++) {
            Thread& other = worker->threads[i];
            if (other.line != line || (other.where != file && strcmp(other.where, file) != 0)) {
                reportStuck(worker);
                leave(worker);
            }
        }
        worker->waiting = 0;
        worker->epoch++;
        worker->barrierResult = operation == 0 ? 0 : worker->reduced[operation];
        for (unsigned i = 0; i < worker->threadCount; i++) {
            if (i != worker->current) {
                makeReady(worker, i);
            }
        }
        me.wait = Wait::NONE;
    } else {
        yield(worker);
    }
    return worker->barrierResult;
}

namespace {

// Lanes of the current warp that exist: the last warp of a block may be short.
unsigned presentLanes(Worker* worker) {
    unsigned first = worker->current / 32 * 32;
    unsigned lanes = std::min(32u, worker->threadCount - first);
    return lanes == 32 ? 0xffffffffu : (1u << lanes) - 1;
}

Exchange* meet(Worker* worker, unsigned mask, Wait wait, const char* what, int line, const void* value, size_t bytes) {
    unsigned mine = worker->current;
    unsigned lane = mine % 32, warp = mine / 32;
    Thread& me = worker->threads[mine];
    mask &= presentLanes(worker);
    if (!(mask >> lane & 1)) {
        fail(worker, emulator::LAUNCH_FAILED, format("%s with mask 0x%08x, which lacks the calling lane %u, ", what, mask, lane) + place(worker));
        leave(worker);
    }
    if (me.exchange != nullptr) {
        if (--me.exchange->readers == 0) {
            worker->spare.push_back(me.exchange);
        }
        me.exchange = nullptr;
    }
    Exchange* exchange = nullptr;
    for (Exchange* candidate : worker->open[warp]) {
        if (candidate->mask == mask && (candidate->what == what || strcmp(candidate->what, what) == 0) && !(candidate->arrived >> lane & 1)) {
            exchange = candidate;
            break;
        }
    }
    if (exchange == nullptr) {
        if (worker->spare.empty()) {
            exchange = new Exchange;
        } else {
            exchange = worker->spare.back();
            worker->spare.pop_back();
        }
        exchange->what = what;
        exchange->mask = mask;
        exchange->arrived = 0;
        exchange->readers = __builtin_popcount(mask);
        worker->open[warp].push_back(exchange);
    }
    memcpy(exchange->slots[lane], value, bytes);
    exchange->arrived |= 1u << lane;
    me.wait = wait;
    me.where = what;
    me.line = line;
    me.mask = mask;
    me.exchange = exchange;
    if (exchange->arrived == mask) {
        auto& open = worker->open[warp];
        open.erase(std::find(open.begin(), open.end(), exchange));
        for (unsigned i = 0; i < 32; i++) {
            if (i != lane && (mask >> i & 1)) {
                makeReady(worker, warp * 32 + i);
            }
        }
        me.wait = Wait::NONE;
        if (wait == Wait::WARP_BARRIER) {
            worker->warpEpochs[warp]++;
        }
    } else {
        yield(worker);
    }
    return exchange;
}

}  // namespace

EMULATOR_EXPORT void lowpass_emulator_warp_barrier(unsigned mask, const char* file, int line) {
    meet(checks.worker, mask, Wait::WARP_BARRIER, file, line, nullptr, 0);
}

EMULATOR_EXPORT const unsigned char (*lowpass_emulator_exchange(unsigned mask, const char* what, const void* value, size_t bytes))[32] {
    return meet(checks.worker, mask, Wait::EXCHANGE, what, 0, value, bytes)->slots;
}

EMULATOR_EXPORT unsigned lowpass_emulator_lane() { return checks.worker->current % 32; }

EMULATOR_EXPORT void lowpass_emulator_check(const void* address, size_t bytes, int kind) {
    if ((uint64_t) address % bytes != 0 && bytes <= 16) {
        Worker* worker = checks.worker;
        fail(worker, emulator::MISALIGNED_ADDRESS, format("misaligned %s of %zu bytes ", kKinds[kind], bytes) + place(worker)
                + format(": address 0x%llx", (unsigned long long) (uint64_t) address));
        leave(worker);
    }
    checkSlow((uint64_t) address, bytes, kind, __builtin_return_address(0));
}

EMULATOR_EXPORT void lowpass_emulator_require_shared(const void* address, const char* what) {
    if ((uint64_t) address - checks.sharedStart >= checks.sharedBytes) {
        Worker* worker = checks.worker;
        fail(worker, emulator::ILLEGAL_ADDRESS, std::string(what) + " of an address outside shared memory " + place(worker)
                + format(": 0x%llx", (unsigned long long) (uint64_t) address));
        leave(worker);
    }
}

EMULATOR_EXPORT void lowpass_emulator_copy_async(void* shared, const void* global, size_t bytes, size_t sourceBytes) {
    Worker* worker = checks.worker;
    lowpass_emulator_require_shared(shared, "cp.async");
    if (((uint64_t) shared | (uint64_t) global) % bytes != 0 || sourceBytes > bytes) {
        fail(worker, emulator::MISALIGNED_ADDRESS, format("cp.async of %zu bytes (%zu read) ", bytes, sourceBytes) + place(worker)
                + format(" from 0x%llx to 0x%llx: both must be multiples of its size", (unsigned long long) (uint64_t) global,
                        (unsigned long long) (uint64_t) shared));
        leave(worker);
    }
    checkSlow((uint64_t) global, sourceBytes, 0, __builtin_return_address(0));
    checkSlow((uint64_t) shared, bytes, 1, __builtin_return_address(0));
    worker->threads[worker->current].copies.push_back({shared, global, bytes, sourceBytes});
}

EMULATOR_EXPORT void lowpass_emulator_copy_commit() {
    Thread& me = checks.worker->threads[checks.worker->current];
    me.groups.push_back(me.copies.size());
}

EMULATOR_EXPORT void lowpass_emulator_copy_wait(int pendingGroups) {
    Worker* worker = checks.worker;
    Thread& me = worker->threads[worker->current];
    if (me.groups.size() <= (size_t) pendingGroups) {
        return;
    }
    size_t groups = me.groups.size() - (size_t) pendingGroups;
    size_t end = me.groups[groups - 1];
    for (size_t i = 0; i < end; i++) {
        const Copy& copy = me.copies[i];
        checkSlow((uint64_t) copy.to, copy.bytes, 1, __builtin_return_address(0));
        memcpy(copy.to, copy.from, copy.sourceBytes);
        memset((char*) copy.to + copy.sourceBytes, 0, copy.bytes - copy.sourceBytes);
    }
    me.copies.erase(me.copies.begin(), me.copies.begin() + (long) end);
    me.groups.erase(me.groups.begin(), me.groups.begin() + (long) groups);
    for (size_t& group : me.groups) {
        group -= end;
    }
}

EMULATOR_EXPORT void lowpass_emulator_trap(const char* reason, const char* file, int line) {
    Worker* worker = checks.worker;
    fail(worker, emulator::LAUNCH_FAILED, std::string(reason) + " " + place(worker) + format(", at %s:%d", fileName(file), line));
    leave(worker);
}

EMULATOR_EXPORT unsigned long long lowpass_emulator_clock() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long) now.tv_sec * 1000000000ull + (unsigned long long) now.tv_nsec;
}

EMULATOR_EXPORT void lowpass_emulator_register(lowpass_emulator_kernel* kernel) {
    kernel->next = kernels;
    kernels = kernel;
}

// ---- for the driver ----

namespace emulator {

bool checkRaces = true;

uint64_t Memory::allocate(size_t bytes) {
    Window& it = window();
    std::lock_guard<std::mutex> lock(it.mutex);
    uint64_t span = Window::pages(bytes);
    uint64_t start = it.room(span + kPage);
    if (start == 0 || mprotect((void*) start, span, PROT_READ | PROT_WRITE) != 0) {
        return 0;
    }
    memset((void*) start, 0xff, span);
    uint8_t* shadow = it.shadow + (start - it.base) / 8;
    memset(shadow, 8, bytes / 8);
    if (bytes % 8 != 0) {
        shadow[bytes / 8] = (uint8_t) (bytes % 8);
    }
    it.allocations[start] = {bytes, true};
    return start;
}

bool Memory::release(uint64_t address) {
    Window& it = window();
    std::lock_guard<std::mutex> lock(it.mutex);
    auto at = it.allocations.find(address);
    if (at == it.allocations.end() || !at->second.live) {
        return false;
    }
    uint64_t span = Window::pages(at->second.bytes);
    memset(it.shadow + (address - it.base) / 8, 0, span / 8);
    madvise((void*) address, span, MADV_DONTNEED);
    mprotect((void*) address, span, PROT_NONE);
    at->second.live = false;
    return true;
}

bool Memory::find(uint64_t address, uint64_t* start, size_t* bytes) {
    Window& it = window();
    std::lock_guard<std::mutex> lock(it.mutex);
    auto at = it.allocations.upper_bound(address);
    if (at == it.allocations.begin()) {
        return false;
    }
    --at;
    if (!at->second.live || address >= at->first + at->second.bytes) {
        return false;
    }
    *start = at->first;
    *bytes = at->second.bytes;
    return true;
}

bool Memory::covers(uint64_t address, size_t bytes) {
    uint64_t start;
    size_t size;
    if (find(address, &start, &size)) {
        return bytes <= size - (address - start);
    }
    for (Library* library : libraries()) {
        for (const Range& range : library->data) {
            if (range.writable && address >= range.start && bytes <= range.end - address && address < range.end) {
                return true;
            }
        }
    }
    return false;
}

std::string Memory::describe(uint64_t address) {
    Window& it = window();
    std::lock_guard<std::mutex> lock(it.mutex);
    if (address < kPage) {
        return "a null pointer";
    }
    if (address - it.base >= kWindow) {
        return "which is no device address";
    }
    auto after = it.allocations.upper_bound(address);
    uint64_t best = UINT64_MAX, start = 0;
    Allocation found{};
    if (after != it.allocations.end()) {
        best = after->first - address;
        start = after->first;
        found = after->second;
    }
    if (after != it.allocations.begin()) {
        auto before = std::prev(after);
        uint64_t end = before->first + before->second.bytes;
        uint64_t distance = address < end ? 0 : address - end;
        if (distance <= best) {
            start = before->first;
            found = before->second;
        }
    }
    if (start == 0) {
        return "nothing was ever allocated";
    }
    return format("offset %lld from the start of the %zu-byte %s allocation 0x%llx", (long long) (address - start), found.bytes,
            found.live ? "device" : "freed", (unsigned long long) start);
}

const lowpass_emulator_kernel* findKernel(const char* name) {
    for (lowpass_emulator_kernel* kernel = kernels; kernel != nullptr; kernel = kernel->next) {
        if (strcmp(kernel->name, name) == 0) {
            return kernel;
        }
    }
    return nullptr;
}

Result run(const Launch& launch, std::string* report) {
    Job job;
    job.launch = &launch;
    job.library = libraryOf(launch.kernel);
    job.next = 0;
    job.blocks = (uint64_t) launch.grid[0] * launch.grid[1] * launch.grid[2];
    job.failed = false;
    job.failedBlock = 0;
    job.result = SUCCESS;
    pool().run(&job);
    if (job.failed) {
        *report = job.report;
        return job.result;
    }
    return SUCCESS;
}

namespace {

// Thread-local symbols of an ELF file: the shared arrays. Static ones have names of functions before theirs; dynamic ones are
// those that build.sh defined, at one and the same place, in a section of their own.
bool readShared(Library* library) {
    int file = open(library->path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) {
        return false;
    }
    void* mapped = mmap(nullptr, (size_t) status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (mapped == MAP_FAILED) {
        return false;
    }
    const char* bytes = static_cast<const char*>(mapped);
    const auto* header = reinterpret_cast<const ElfW(Ehdr)*>(bytes);
    const auto* sections = reinterpret_cast<const ElfW(Shdr)*>(bytes + header->e_shoff);
    uint64_t dynamicOffset = UINT64_MAX;
    std::map<uint64_t, SharedVariable> found;
    for (int s = 0; s < header->e_shnum; s++) {
        if (sections[s].sh_type != SHT_SYMTAB) {
            continue;
        }
        const char* names = bytes + sections[sections[s].sh_link].sh_offset;
        const auto* symbols = reinterpret_cast<const ElfW(Sym)*>(bytes + sections[s].sh_offset);
        size_t count = sections[s].sh_size / sizeof(ElfW(Sym));
        for (size_t i = 0; i < count; i++) {
            if ((symbols[i].st_info & 0xf) != STT_TLS || symbols[i].st_shndx == SHN_UNDEF || symbols[i].st_size == 0) {
                continue;
            }
            std::string name = names + symbols[i].st_name;
            if (name.compare(0, 4, "_ZGV") == 0) {
                continue;  // the guard of an initialisation, not an array
            }
            if (name == "lowpass_emulator_dynamic_shared") {
                dynamicOffset = symbols[i].st_value;
            }
            auto& variable = found[symbols[i].st_value];
            if (variable.name.empty() || name != "lowpass_emulator_dynamic_shared") {
                variable = {name, symbols[i].st_value, symbols[i].st_size, false};
            }
        }
    }
    munmap(mapped, (size_t) status.st_size);
    library->variableAt.assign(library->tlsBytes / kSharedGranule + 2, 0);
    for (auto& entry : found) {
        SharedVariable& variable = entry.second;
        variable.dynamic = variable.offset == dynamicOffset;
        library->variables.push_back(variable);
        for (uint64_t at = variable.offset / kSharedGranule; at <= (variable.offset + variable.bytes - 1) / kSharedGranule; at++) {
            library->variableAt[at] = (uint16_t) library->variables.size();
        }
    }
    return true;
}

}  // namespace

std::string loadKernels(const char* path) {
    for (Library* library : libraries()) {
        if (library->path == path) {
            return "";
        }
    }
    void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        return dlerror();
    }
    auto* library = new Library;
    library->path = path;
    library->module = 0;
    link_map* map = nullptr;
    dlinfo(handle, RTLD_DI_LINKMAP, &map);
    library->base = map->l_addr;
    library->path = map->l_name;
    dlinfo(handle, RTLD_DI_TLS_MODID, &library->module);
    dl_iterate_phdr([](dl_phdr_info* info, size_t, void* data) {
        auto* it = static_cast<Library*>(data);
        if (info->dlpi_addr != it->base || info->dlpi_name == nullptr || it->path != info->dlpi_name) {
            return 0;
        }
        for (int i = 0; i < info->dlpi_phnum; i++) {
            const ElfW(Phdr)& segment = info->dlpi_phdr[i];
            if (segment.p_type == PT_LOAD) {
                uint64_t start = info->dlpi_addr + segment.p_vaddr;
                it->data.push_back({start, start + segment.p_memsz, (segment.p_flags & PF_W) != 0});
            } else if (segment.p_type == PT_TLS) {
                it->tlsBytes = segment.p_memsz;
            }
        }
        return 1;
    }, library);
    if (!readShared(library)) {
        return std::string("cannot read ") + path;
    }
    libraries().push_back(library);
    return "";
}

}  // namespace emulator
