// The CUDA driver API of the emulated device.
//
// Work that is put into a stream waits there until a call that synchronises with it: what a program forgot to wait for has
// then surely not happened. A failed kernel makes its context fail from the next synchronising call on, as on a GPU.
// Calls that give something back do so even when they return an error of earlier work or an injected one.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>
#include <dlfcn.h>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "driver.h"
#include "emulator.h"

using namespace emulator;

namespace {

using Work = std::function<Result(std::string*)>;

// Never destroyed: other threads may still call while the process exits.
std::recursive_mutex& lock() {
    static auto* it = new std::recursive_mutex;
    return *it;
}

double now() { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct Context;
struct Stream;

struct Capture {
    Stream* origin;
    int mode;  // 0 global, 1 thread local, 2 relaxed
    std::thread::id thread;
    bool invalidated = false;
    std::vector<Work> work;
    std::vector<Stream*> joined;
};

/** One recording of an event: done, or at a place in a stream. */
struct Mark {
    bool done = false;
    double time = 0;
    Stream* stream = nullptr;
    uint64_t place = 0;
    std::shared_ptr<Capture> capture;
};

struct Stream {
    Context* context;
    unsigned flags;
    int priority;
    bool alive = true;
    std::deque<Work> queue;
    uint64_t enqueued = 0;
    uint64_t executed = 0;
    std::shared_ptr<Capture> capture;
    uint64_t captured = 0;     // pieces of work this stream gave its capture
    uint64_t joinedUpTo = 0;   // of these, how many the origin waited for
};

struct Event {
    Context* context;
    unsigned flags;
    std::shared_ptr<Mark> mark;
};

struct Module;

struct Function {
    const lowpass_emulator_kernel* kernel;
    Module* module;
    int maxDynamicShared = 48 << 10;
    int carveout = -1;
};

struct Module {
    Context* context;
    std::map<std::string, std::unique_ptr<Function>> functions;
};

struct Graph {
    std::vector<Work> work;
};

struct GraphExec {
    Context* context;
    std::vector<Work> work;
};

struct Context {
    int device;
    unsigned flags;
    bool primary;
    int references = 0;
    bool alive = true;
    Result failure = SUCCESS;
    Stream* legacy;
    std::vector<Stream*> streams;
    std::map<uint64_t, size_t> device_memory;
};

struct HostMemory {
    Context* context;
    size_t bytes;
    bool registered;
    unsigned flags;
};

struct State {
    Configuration configuration;
    bool initialized = false;
    std::map<int, Context*> primary;
    std::vector<Context*> contexts;
    uint64_t used = 0;
    std::map<uint64_t, HostMemory> host_memory;
    std::set<void*> streams, events, modules, functions, graphs, graphExecs;
    std::map<std::string, long> extra;  // counted by others: cuBLAS handles
    std::vector<std::shared_ptr<Capture>> captures;
    std::string report;
    std::vector<std::string> mistakes;
    // Fault injection.
    long calls = 0;
    long failAt = 0;
    int failCode = 0;
    int failCublasCode = 0;
    std::string failed;
    std::vector<std::string> names;
    uint64_t generation = 1;
};

State& state() {
    static auto* it = new State;
    return *it;
}

struct ThreadContexts {
    uint64_t generation = 0;
    std::vector<Context*> stack;
    int captureMode = 0;  // 0 global, 1 thread local, 2 relaxed
};

ThreadContexts& mine() {
    static thread_local ThreadContexts it;
    if (it.generation != state().generation) {
        it.generation = state().generation;
        it.stack.clear();
        it.captureMode = 0;
    }
    return it;
}

Context* current() {
    auto& stack = mine().stack;
    return stack.empty() ? nullptr : stack.back();
}

void mistake(const std::string& what) { state().mistakes.push_back(what); }

// ---- streams ----

void failContext(Context* context, Result result, const std::string& report) {
    if (context->failure == SUCCESS) {
        context->failure = result;
        state().report = report;
    }
    for (Stream* stream : context->streams) {
        stream->executed += stream->queue.size();
        stream->queue.clear();
    }
}

void perform(Context* context, const Work& work) {
    std::string report;
    Result result = work(&report);
    if (result != SUCCESS) {
        failContext(context, result, report);
    }
}

void drain(Stream* stream, uint64_t upTo) {
    while (stream->executed < upTo && !stream->queue.empty()) {
        Work work = std::move(stream->queue.front());
        stream->queue.pop_front();
        stream->executed++;
        perform(stream->context, work);
    }
}

void drain(Stream* stream) { drain(stream, stream->enqueued); }

void drainAll(Context* context) {
    for (size_t i = 0; i < context->streams.size(); i++) {
        drain(context->streams[i]);
    }
}

void drainBlocking(Context* context) {
    for (size_t i = 0; i < context->streams.size(); i++) {
        if ((context->streams[i]->flags & 1) == 0) {
            drain(context->streams[i]);
        }
    }
}

bool finished(const Mark& mark) { return mark.done || mark.stream == nullptr || mark.stream->executed >= mark.place; }

Result invalidate(const std::shared_ptr<Capture>& capture, Result result) {
    capture->invalidated = true;
    return result;
}

/** What uses the legacy stream waits for all blocking streams of the context, which no capture of one of them permits. */
Result useLegacy(Context* context) {
    for (auto& capture : state().captures) {
        if (capture->origin->context == context && (capture->origin->flags & 1) == 0) {
            return invalidate(capture, STREAM_CAPTURE_IMPLICIT);
        }
    }
    return SUCCESS;
}

/** Into the stream's queue, its capture, or, in the legacy stream, done at once behind all blocking streams. */
Result put(Stream* stream, Work work) {
    Context* context = stream->context;
    if (stream->capture) {
        if (stream->capture->invalidated) {
            return STREAM_CAPTURE_INVALIDATED;
        }
        stream->capture->work.push_back(std::move(work));
        stream->captured++;
        return SUCCESS;
    }
    if (stream == context->legacy) {
        Result implicit = useLegacy(context);
        if (implicit != SUCCESS) {
            return implicit;
        }
        drainBlocking(context);
        stream->enqueued++;
        stream->executed++;
        if (context->failure == SUCCESS) {
            perform(context, work);
        }
        return SUCCESS;
    }
    stream->enqueued++;
    stream->queue.push_back(std::move(work));
    if (state().configuration.eager) {
        drain(stream);
    }
    return SUCCESS;
}

Stream* streamOf(void* handle) {
    if ((uint64_t) handle <= 2) {
        return current() == nullptr ? nullptr : current()->legacy;
    }
    return state().streams.count(handle) != 0 ? static_cast<Stream*>(handle) : nullptr;
}

// ---- calls ----

enum CallKind { PLAIN = 0, NO_INIT = 1, CONTEXT = 2, UNSAFE = 4, RELEASE = 8 };

/** Every call's beginning: counts it, makes it fail on demand, checks what all calls check. */
struct Call {
    std::lock_guard<std::recursive_mutex> guard;
    int kind;
    int injected;
    Result result = SUCCESS;

    Call(const char* name, int kind = PLAIN) : guard(lock()), kind(kind) {
        injected = enter(name, false);
        if (injected != 0 && !(kind & RELEASE)) {
            result = (Result) injected;
            return;
        }
        if (!(kind & NO_INIT) && !state().initialized) {
            result = NOT_INITIALIZED;
        } else if (kind & CONTEXT) {
            Context* context = current();
            if (context == nullptr) {
                result = INVALID_CONTEXT;
            } else if (!context->alive) {
                result = CONTEXT_IS_DESTROYED;
            } else if (context->failure != SUCCESS && !(kind & RELEASE)) {
                result = context->failure;
            }
        }
        if (result == SUCCESS && (kind & UNSAFE)) {
            // By "cuThreadExchangeStreamCaptureMode" of NVIDIA's CUDA Driver API.
            int mode = mine().captureMode;
            for (auto& capture : state().captures) {
                bool own = capture->thread == std::this_thread::get_id();
                if (mode != 2 && (own ? capture->mode != 2 : mode == 0 && capture->mode == 0)) {
                    result = invalidate(capture, STREAM_CAPTURE_UNSUPPORTED);
                }
            }
        }
    }

    bool refused() const { return result != SUCCESS; }

    /** What a call that ends with `own` returns. */
    int end(Result own = SUCCESS) const {
        if (own == SUCCESS && injected != 0) {
            return injected;
        }
        if (own == SUCCESS && (kind & CONTEXT) && current() != nullptr && current()->failure != SUCCESS) {
            return current()->failure;
        }
        return own;
    }
};

#define API(name) EMULATOR_EXPORT int name
#define BEGIN(...)                \
    Call call(__VA_ARGS__);       \
    if (call.refused()) {         \
        return call.result;       \
    }
#define REQUIRE(condition, code)  \
    if (!(condition)) {           \
        return call.end(code);    \
    }

Context* newContext(int device, unsigned flags, bool primary) {
    auto* context = new Context{};
    context->device = device;
    context->flags = flags;
    context->primary = primary;
    context->alive = true;
    context->legacy = new Stream{};
    context->legacy->context = context;
    context->streams.push_back(context->legacy);
    state().contexts.push_back(context);
    return context;
}

void endContext(Context* context) {
    if (!context->alive) {
        return;
    }
    if (context->failure == SUCCESS) {
        drainAll(context);
    }
    context->alive = false;
    for (auto& memory : context->device_memory) {
        mistake("context ended with a live device allocation of " + std::to_string(memory.second) + " bytes");
        Memory::release(memory.first);
        state().used -= memory.second;
    }
    context->device_memory.clear();
    for (auto it = state().host_memory.begin(); it != state().host_memory.end();) {
        if (it->second.context == context) {
            mistake("context ended with live pinned memory of " + std::to_string(it->second.bytes) + " bytes");
            if (!it->second.registered) {
                Memory::release(it->first);
            }
            it = state().host_memory.erase(it);
        } else {
            ++it;
        }
    }
    auto sweep = [&](std::set<void*>& handles, const char* what, auto contextOf) {
        for (auto it = handles.begin(); it != handles.end();) {
            if (contextOf(*it) == context) {
                mistake(std::string("context ended with a live ") + what);
                it = handles.erase(it);
            } else {
                ++it;
            }
        }
    };
    sweep(state().streams, "stream", [](void* it) { return static_cast<Stream*>(it)->context; });
    sweep(state().events, "event", [](void* it) { return static_cast<Event*>(it)->context; });
    sweep(state().graphExecs, "executable graph", [](void* it) { return static_cast<GraphExec*>(it)->context; });
    for (auto it = state().functions.begin(); it != state().functions.end();) {
        it = static_cast<Function*>(*it)->module->context == context ? state().functions.erase(it) : std::next(it);
    }
    sweep(state().modules, "module", [](void* it) { return static_cast<Module*>(it)->context; });
}

struct Architecture {
    int threadsPerMultiprocessor;
    int sharedPerMultiprocessor;
    int sharedOptIn;
    int blocksPerMultiprocessor;
};

Architecture architecture() {
    switch (state().configuration.architecture) {
        case 75: return {1024, 65536, 65536, 16};
        case 80: return {2048, 167936, 166912, 32};
        case 86: return {1536, 102400, 101376, 16};
        case 89: return {1536, 102400, 101376, 24};
        case 90: return {2048, 233472, 232448, 32};
        case 100: return {2048, 233472, 232448, 32};
        case 120: return {1536, 102400, 101376, 24};
        default: return {2048, 98304, 49152, 32};
    }
}

bool deviceRange(uint64_t address, size_t bytes) {
    if (bytes == 0) {
        return true;
    }
    return Memory::covers(address, bytes);
}

bool isDevice(uint64_t address) {
    uint64_t start;
    size_t bytes;
    return Memory::find(address, &start, &bytes) && state().host_memory.count(start) == 0;
}

bool isPinned(const void* address, size_t bytes) {
    auto it = state().host_memory.upper_bound((uint64_t) address);
    if (it == state().host_memory.begin()) {
        return false;
    }
    --it;
    return (uint64_t) address + bytes <= it->first + it->second.bytes;
}

void refuse(const std::string& why) { state().report = why; }

}  // namespace

// ---- emulator.h and driver.h ----

namespace emulator {

int enter(const char* name, bool cublas) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    State& it = state();
    it.calls++;
    it.names.push_back(name);
    if (it.failAt != 0 && it.calls == it.failAt) {
        it.failed = name;
        return cublas ? it.failCublasCode : it.failCode;
    }
    return 0;
}

Result enqueue(void* handle, const char* what, std::function<Result(std::string*)> work) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    Stream* stream = streamOf(handle);
    if (stream == nullptr) {
        refuse(std::string(what) + " in an unknown stream");
        return INVALID_HANDLE;
    }
    if (stream->context->failure != SUCCESS) {
        return stream->context->failure;
    }
    return put(stream, std::move(work));
}

void count(const char* kind, long change) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    state().extra[kind] += change;
}

bool synchronizeAll() {
    std::lock_guard<std::recursive_mutex> guard(lock());
    bool capturing = false;
    for (auto& capture : state().captures) {
        if (current() != nullptr && capture->origin->context == current()) {
            capture->invalidated = true;
            capturing = true;
        }
    }
    if (!capturing && current() != nullptr) {
        drainAll(current());
    }
    return !capturing;
}

void* currentContext() {
    std::lock_guard<std::recursive_mutex> guard(lock());
    return state().initialized ? current() : nullptr;
}

Configuration& configuration() { return state().configuration; }

void failNth(long n, int code, int cublasCode) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    State& it = state();
    it.failAt = n == 0 ? 0 : it.calls + n;
    it.failCode = code;
    it.failCublasCode = cublasCode;
    it.failed.clear();
}

std::string failedCall() {
    std::lock_guard<std::recursive_mutex> guard(lock());
    return state().failed;
}

std::vector<std::string> calls() {
    std::lock_guard<std::recursive_mutex> guard(lock());
    return state().names;
}

void clearCalls() {
    std::lock_guard<std::recursive_mutex> guard(lock());
    state().names.clear();
    state().calls = 0;
    state().failAt = 0;
    state().failed.clear();
}

std::string report() {
    std::lock_guard<std::recursive_mutex> guard(lock());
    return state().report;
}

uint64_t deviceBytes() {
    std::lock_guard<std::recursive_mutex> guard(lock());
    return state().used;
}

std::vector<std::string> live() {
    std::lock_guard<std::recursive_mutex> guard(lock());
    State& it = state();
    std::vector<std::string> lines = it.mistakes;
    auto line = [&](long count, const std::string& what) {
        if (count != 0) {
            lines.push_back(std::to_string(count) + " " + what);
        }
    };
    for (Context* context : it.contexts) {
        for (auto& memory : context->device_memory) {
            lines.push_back("device allocation of " + std::to_string(memory.second) + " bytes");
        }
    }
    for (auto& memory : it.host_memory) {
        lines.push_back(std::string(memory.second.registered ? "registered" : "pinned") + " host memory of "
                + std::to_string(memory.second.bytes) + " bytes");
    }
    line((long) it.streams.size(), "streams");
    line((long) it.events.size(), "events");
    line((long) it.modules.size(), "modules");
    line((long) it.graphs.size(), "graphs");
    line((long) it.graphExecs.size(), "executable graphs");
    for (auto& primary : it.primary) {
        line(primary.second->alive ? primary.second->references : 0, "references to the primary context");
    }
    for (Context* context : it.contexts) {
        line(!context->primary && context->alive, "contexts");
    }
    for (auto& extra : it.extra) {
        line(extra.second, extra.first);
    }
    return lines;
}

void reset() {
    std::lock_guard<std::recursive_mutex> guard(lock());
    State& it = state();
    for (Context* context : it.contexts) {
        if (context->failure == SUCCESS) {
            context->failure = UNKNOWN;  // nothing that waits is run any more
        }
        endContext(context);
    }
    uint64_t generation = it.generation + 1;
    // Objects of the old state stay allocated: a handle that a test still holds must not come to mean a new object.
    it = State{};
    it.generation = generation;
}

}  // namespace emulator

// ---- initialisation, devices ----

API(cuInit)(unsigned flags) {
    BEGIN("cuInit", NO_INIT)
    REQUIRE(flags == 0, INVALID_VALUE)
    REQUIRE(state().configuration.devices > 0, NO_DEVICE)
    state().initialized = true;
    return SUCCESS;
}

API(cuDriverGetVersion)(int* version) {
    BEGIN("cuDriverGetVersion", NO_INIT)
    REQUIRE(version != nullptr, INVALID_VALUE)
    *version = state().configuration.driverVersion;
    return SUCCESS;
}

API(cuDeviceGetCount)(int* count) {
    BEGIN("cuDeviceGetCount")
    REQUIRE(count != nullptr, INVALID_VALUE)
    *count = state().configuration.devices;
    return SUCCESS;
}

#define REQUIRE_DEVICE(device) REQUIRE((device) >= 0 && (device) < state().configuration.devices, INVALID_DEVICE)

API(cuDeviceGet)(int* device, int ordinal) {
    BEGIN("cuDeviceGet")
    REQUIRE(device != nullptr, INVALID_VALUE)
    REQUIRE_DEVICE(ordinal)
    *device = ordinal;
    return SUCCESS;
}

API(cuDeviceGetName)(char* name, int length, int device) {
    BEGIN("cuDeviceGetName")
    REQUIRE_DEVICE(device)
    REQUIRE(name != nullptr && length > 0, INVALID_VALUE)
    snprintf(name, (size_t) length, "Emulated device (sm_%d)", state().configuration.architecture);
    return SUCCESS;
}

API(cuDeviceGetUuid)(unsigned char* uuid, int device) {
    BEGIN("cuDeviceGetUuid")
    REQUIRE_DEVICE(device)
    memset(uuid, 0, 16);
    memcpy(uuid, "emulated", 8);
    uuid[15] = (unsigned char) device;
    return SUCCESS;
}
EMULATOR_EXPORT int cuDeviceGetUuid_v2(unsigned char* uuid, int device) { return cuDeviceGetUuid(uuid, device); }

API(cuDeviceTotalMem_v2)(size_t* bytes, int device) {
    BEGIN("cuDeviceTotalMem_v2")
    REQUIRE_DEVICE(device)
    REQUIRE(bytes != nullptr, INVALID_VALUE)
    *bytes = state().configuration.memoryBytes;
    return SUCCESS;
}

API(cuDeviceComputeCapability)(int* major, int* minor, int device) {
    BEGIN("cuDeviceComputeCapability")
    REQUIRE_DEVICE(device)
    *major = state().configuration.architecture / 10;
    *minor = state().configuration.architecture % 10;
    return SUCCESS;
}

API(cuDeviceGetPCIBusId)(char* id, int length, int device) {
    BEGIN("cuDeviceGetPCIBusId")
    REQUIRE_DEVICE(device)
    REQUIRE(id != nullptr && length >= 13, INVALID_VALUE)
    snprintf(id, (size_t) length, "0000:%02X:00.0", device + 1);
    return SUCCESS;
}

API(cuDeviceGetAttribute)(int* value, int attribute, int device) {
    BEGIN("cuDeviceGetAttribute")
    REQUIRE_DEVICE(device)
    REQUIRE(value != nullptr && attribute > 0 && attribute < 160, INVALID_VALUE)
    const Configuration& it = state().configuration;
    Architecture arch = architecture();
    switch (attribute) {  // CU_DEVICE_ATTRIBUTE_...
        case 1: *value = 1024; break;                             // MAX_THREADS_PER_BLOCK
        case 2: case 3: *value = 1024; break;                     // MAX_BLOCK_DIM_X, _Y
        case 4: *value = 64; break;                               // MAX_BLOCK_DIM_Z
        case 5: *value = 2147483647; break;                       // MAX_GRID_DIM_X
        case 6: case 7: *value = 65535; break;                    // MAX_GRID_DIM_Y, _Z
        case 8: *value = 49152; break;                            // MAX_SHARED_MEMORY_PER_BLOCK
        case 9: *value = 65536; break;                            // TOTAL_CONSTANT_MEMORY
        case 10: *value = 32; break;                              // WARP_SIZE
        case 11: *value = 2147483647; break;                      // MAX_PITCH
        case 12: case 82: *value = 65536; break;                  // MAX_REGISTERS_PER_BLOCK, _PER_MULTIPROCESSOR
        case 13: *value = 1000000; break;                         // CLOCK_RATE
        case 14: *value = 512; break;                             // TEXTURE_ALIGNMENT
        case 15: case 19: case 31: case 41: case 78: *value = 1; break;  // GPU_OVERLAP, CAN_MAP_HOST_MEMORY, CONCURRENT_KERNELS, ...
        case 16: *value = it.multiprocessors; break;              // MULTIPROCESSOR_COUNT
        case 33: *value = device + 1; break;                      // PCI_BUS_ID
        case 36: *value = 1000000; break;                         // MEMORY_CLOCK_RATE
        case 37: *value = 256; break;                             // GLOBAL_MEMORY_BUS_WIDTH
        case 38: *value = 4 << 20; break;                         // L2_CACHE_SIZE
        case 39: *value = arch.threadsPerMultiprocessor; break;   // MAX_THREADS_PER_MULTIPROCESSOR
        case 40: *value = 2; break;                               // ASYNC_ENGINE_COUNT
        case 75: *value = it.architecture / 10; break;            // COMPUTE_CAPABILITY_MAJOR
        case 76: *value = it.architecture % 10; break;            // COMPUTE_CAPABILITY_MINOR
        case 81: *value = arch.sharedPerMultiprocessor; break;    // MAX_SHARED_MEMORY_PER_MULTIPROCESSOR
        case 97: *value = arch.sharedOptIn; break;                // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
        case 106: *value = arch.blocksPerMultiprocessor; break;   // MAX_BLOCKS_PER_MULTIPROCESSOR
        case 111: *value = 1024; break;                           // RESERVED_SHARED_MEMORY_PER_BLOCK
        default: *value = 0; break;
    }
    return SUCCESS;
}

// ---- contexts ----

API(cuDevicePrimaryCtxRetain)(void** out, int device) {
    BEGIN("cuDevicePrimaryCtxRetain", UNSAFE)
    REQUIRE_DEVICE(device)
    REQUIRE(out != nullptr, INVALID_VALUE)
    Context*& context = state().primary[device];
    if (context == nullptr || !context->alive) {
        context = newContext(device, 0, true);
    }
    context->references++;
    *out = context;
    return SUCCESS;
}

API(cuDevicePrimaryCtxRelease_v2)(int device) {
    BEGIN("cuDevicePrimaryCtxRelease_v2", RELEASE)
    REQUIRE_DEVICE(device)
    auto it = state().primary.find(device);
    if (it == state().primary.end() || !it->second->alive || it->second->references == 0) {
        mistake("primary context released more often than retained");
        return call.end(INVALID_CONTEXT);
    }
    if (--it->second->references == 0) {
        endContext(it->second);
    }
    return call.end();
}
EMULATOR_EXPORT int cuDevicePrimaryCtxRelease(int device) { return cuDevicePrimaryCtxRelease_v2(device); }

API(cuDevicePrimaryCtxReset_v2)(int device) {
    BEGIN("cuDevicePrimaryCtxReset_v2", RELEASE)
    REQUIRE_DEVICE(device)
    auto it = state().primary.find(device);
    if (it != state().primary.end()) {
        endContext(it->second);
    }
    return call.end();
}

API(cuDevicePrimaryCtxSetFlags_v2)(int device, unsigned flags) {
    BEGIN("cuDevicePrimaryCtxSetFlags_v2")
    REQUIRE_DEVICE(device)
    auto it = state().primary.find(device);
    if (it != state().primary.end()) {
        it->second->flags = flags;
    }
    return SUCCESS;
}

API(cuDevicePrimaryCtxGetState)(int device, unsigned* flags, int* active) {
    BEGIN("cuDevicePrimaryCtxGetState")
    REQUIRE_DEVICE(device)
    auto it = state().primary.find(device);
    bool alive = it != state().primary.end() && it->second->alive;
    *flags = alive ? it->second->flags : 0;
    *active = alive;
    return SUCCESS;
}

API(cuCtxCreate_v2)(void** out, unsigned flags, int device) {
    BEGIN("cuCtxCreate_v2", UNSAFE)
    REQUIRE_DEVICE(device)
    REQUIRE(out != nullptr, INVALID_VALUE)
    Context* context = newContext(device, flags, false);
    mine().stack.push_back(context);
    *out = context;
    return SUCCESS;
}

namespace {

bool known(void* context) {
    auto& all = state().contexts;
    return std::find(all.begin(), all.end(), context) != all.end();
}

}  // namespace

API(cuCtxDestroy_v2)(void* handle) {
    BEGIN("cuCtxDestroy_v2", RELEASE)
    auto* context = static_cast<Context*>(handle);
    REQUIRE(known(handle) && !context->primary && context->alive, INVALID_CONTEXT)
    endContext(context);
    if (current() == context) {
        mine().stack.pop_back();
    }
    return call.end();
}

API(cuCtxPushCurrent_v2)(void* context) {
    BEGIN("cuCtxPushCurrent_v2")
    REQUIRE(known(context), INVALID_CONTEXT)
    mine().stack.push_back(static_cast<Context*>(context));
    return SUCCESS;
}

API(cuCtxPopCurrent_v2)(void** context) {
    BEGIN("cuCtxPopCurrent_v2", RELEASE)
    REQUIRE(!mine().stack.empty(), INVALID_CONTEXT)
    if (context != nullptr) {
        *context = current();
    }
    mine().stack.pop_back();
    return call.end();
}

API(cuCtxSetCurrent)(void* context) {
    BEGIN("cuCtxSetCurrent")
    REQUIRE(context == nullptr || known(context), INVALID_CONTEXT)
    auto& stack = mine().stack;
    if (!stack.empty()) {
        stack.pop_back();
    }
    if (context != nullptr) {
        stack.push_back(static_cast<Context*>(context));
    }
    return SUCCESS;
}

API(cuCtxGetCurrent)(void** context) {
    BEGIN("cuCtxGetCurrent")
    REQUIRE(context != nullptr, INVALID_VALUE)
    *context = current();
    return SUCCESS;
}

API(cuCtxGetDevice)(int* device) {
    BEGIN("cuCtxGetDevice", CONTEXT)
    *device = current()->device;
    return SUCCESS;
}

API(cuCtxGetFlags)(unsigned* flags) {
    BEGIN("cuCtxGetFlags", CONTEXT)
    *flags = current()->flags;
    return SUCCESS;
}

API(cuCtxGetApiVersion)(void* context, unsigned* version) {
    BEGIN("cuCtxGetApiVersion")
    REQUIRE(context == nullptr || known(context), INVALID_CONTEXT)
    *version = 3020;
    return SUCCESS;
}

API(cuCtxGetStreamPriorityRange)(int* least, int* greatest) {
    BEGIN("cuCtxGetStreamPriorityRange", CONTEXT)
    if (least != nullptr) {
        *least = 0;
    }
    if (greatest != nullptr) {
        *greatest = -5;
    }
    return SUCCESS;
}

API(cuCtxSynchronize)() {
    BEGIN("cuCtxSynchronize", CONTEXT)
    return call.end(emulator::synchronizeAll() ? SUCCESS : STREAM_CAPTURE_UNSUPPORTED);
}

// ---- modules ----

namespace {

/** The CUDA release, 1000 * major + 10 * minor, that brought a version of PTX; by "Release History" of NVIDIA's PTX ISA. */
int releaseOfPtx(int major, int minor) {
    static const int of8[] = {12000, 12010, 12020, 12030, 12040, 12050, 12070, 12080, 12090};
    return major > 8 ? 1000 * (major + 4) + 10 * minor : major < 8 ? 11080 : minor < 9 ? of8[minor] : 13000;
}

Result checkImage(const void* image) {
    unsigned magic;
    memcpy(&magic, image, 4);
    if (magic == 0x464c457f || magic == 0xba55ed50u || magic == 0x466243b1) {
        return SUCCESS;  // cubin, fat binary, wrapped fat binary
    }
    const char* text = static_cast<const char*>(image);
    const char* version = strstr(text, ".version");
    if (version == nullptr) {
        return INVALID_IMAGE;
    }
    int major = 0, minor = 0;
    sscanf(version, ".version %d.%d", &major, &minor);
    if (releaseOfPtx(major, minor) > state().configuration.driverVersion) {
        return UNSUPPORTED_PTX_VERSION;
    }
    const char* target = strstr(version, ".target sm_");
    if (target != nullptr && atoi(target + 11) > state().configuration.architecture) {
        return NO_BINARY_FOR_GPU;
    }
    return SUCCESS;
}

int loadModule(Call& call, void** module, const void* image) {
    REQUIRE(module != nullptr && image != nullptr, INVALID_VALUE)
    Result checked = checkImage(image);
    REQUIRE(checked == SUCCESS, checked)
    auto* it = new Module{};
    it->context = current();
    state().modules.insert(it);
    *module = it;
    return SUCCESS;
}

}  // namespace

API(cuModuleLoadData)(void** module, const void* image) {
    BEGIN("cuModuleLoadData", CONTEXT | UNSAFE)
    return loadModule(call, module, image);
}

API(cuModuleLoadDataEx)(void** module, const void* image, unsigned, int*, void**) {
    BEGIN("cuModuleLoadDataEx", CONTEXT | UNSAFE)
    return loadModule(call, module, image);
}

API(cuModuleLoadFatBinary)(void** module, const void* image) {
    BEGIN("cuModuleLoadFatBinary", CONTEXT | UNSAFE)
    return loadModule(call, module, image);
}

API(cuModuleUnload)(void* module) {
    BEGIN("cuModuleUnload", CONTEXT | UNSAFE | RELEASE)
    if (state().modules.erase(module) == 0) {
        mistake("cuModuleUnload of an unknown module");
        return call.end(INVALID_HANDLE);
    }
    for (auto& function : static_cast<Module*>(module)->functions) {
        state().functions.erase(function.second.get());
    }
    return call.end();
}

API(cuModuleGetFunction)(void** out, void* handle, const char* name) {
    BEGIN("cuModuleGetFunction", CONTEXT)
    REQUIRE(out != nullptr && name != nullptr, INVALID_VALUE)
    REQUIRE(state().modules.count(handle) != 0, INVALID_HANDLE)
    const lowpass_emulator_kernel* kernel = findKernel(name);
    REQUIRE(kernel != nullptr, NOT_FOUND)
    auto& function = static_cast<Module*>(handle)->functions[name];
    if (!function) {
        function.reset(new Function{});
        function->kernel = kernel;
        function->module = static_cast<Module*>(handle);
        state().functions.insert(function.get());
    }
    *out = function.get();
    return SUCCESS;
}

API(cuModuleGetLoadingMode)(int* mode) {
    BEGIN("cuModuleGetLoadingMode")
    *mode = 1;  // eager
    return SUCCESS;
}

API(cuFuncGetAttribute)(int* value, int attribute, void* handle) {
    BEGIN("cuFuncGetAttribute", CONTEXT)
    REQUIRE(state().functions.count(handle) != 0, INVALID_HANDLE)
    REQUIRE(value != nullptr, INVALID_VALUE)
    auto* function = static_cast<Function*>(handle);
    switch (attribute) {  // CU_FUNC_ATTRIBUTE_...
        case 0: *value = function->kernel->max_threads; break;          // MAX_THREADS_PER_BLOCK
        case 4: *value = 32; break;                                     // NUM_REGS, for want of a register allocation
        case 5: case 6: *value = state().configuration.architecture; break;  // PTX_VERSION, BINARY_VERSION
        case 8: *value = function->maxDynamicShared; break;             // MAX_DYNAMIC_SHARED_SIZE_BYTES
        case 9: *value = function->carveout; break;                     // PREFERRED_SHARED_MEMORY_CARVEOUT
        default: *value = 0; break;
    }
    return SUCCESS;
}

API(cuFuncSetAttribute)(void* handle, int attribute, int value) {
    BEGIN("cuFuncSetAttribute", CONTEXT)
    REQUIRE(state().functions.count(handle) != 0, INVALID_HANDLE)
    auto* function = static_cast<Function*>(handle);
    if (attribute == 8) {
        REQUIRE(value >= 0 && value <= architecture().sharedOptIn, INVALID_VALUE)
        function->maxDynamicShared = value;
    } else if (attribute == 9) {
        REQUIRE(value >= -1 && value <= 100, INVALID_VALUE)
        function->carveout = value;
    } else {
        return call.end(INVALID_VALUE);
    }
    return SUCCESS;
}

API(cuFuncSetCacheConfig)(void* handle, int) {
    BEGIN("cuFuncSetCacheConfig", CONTEXT)
    REQUIRE(state().functions.count(handle) != 0, INVALID_HANDLE)
    return SUCCESS;
}

API(cuFuncGetModule)(void** module, void* handle) {
    BEGIN("cuFuncGetModule", CONTEXT)
    REQUIRE(state().functions.count(handle) != 0, INVALID_HANDLE)
    *module = static_cast<Function*>(handle)->module;
    return SUCCESS;
}

API(cuFuncGetName)(const char** name, void* handle) {
    BEGIN("cuFuncGetName", CONTEXT)
    REQUIRE(state().functions.count(handle) != 0, INVALID_HANDLE)
    *name = static_cast<Function*>(handle)->kernel->name;
    return SUCCESS;
}

API(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags)(int* blocks, void* handle, int blockSize, size_t dynamicShared, unsigned) {
    BEGIN("cuOccupancyMaxActiveBlocksPerMultiprocessor", CONTEXT)
    REQUIRE(state().functions.count(handle) != 0, INVALID_HANDLE)
    REQUIRE(blocks != nullptr && blockSize > 0, INVALID_VALUE)
    Architecture arch = architecture();
    auto* function = static_cast<Function*>(handle);
    int warps = (blockSize + 31) / 32;
    int most = std::min(arch.blocksPerMultiprocessor, arch.threadsPerMultiprocessor / (32 * warps));
    most = std::min(most, (int) (arch.sharedPerMultiprocessor / (1024 + dynamicShared)));
    most = std::min(most, 65536 / (32 * 32 * warps));
    bool fits = blockSize <= function->kernel->max_threads && dynamicShared <= (size_t) function->maxDynamicShared;
    *blocks = fits ? most : 0;
    return SUCCESS;
}
EMULATOR_EXPORT int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* function, int blockSize, size_t dynamicShared) {
    return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, function, blockSize, dynamicShared, 0);
}

// ---- launches ----

namespace {

struct Parameters {
    std::vector<std::unique_ptr<uint64_t[]>> storage;
    std::vector<void*> pointers;
};

}  // namespace

API(cuLaunchKernel)(void* handle, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY, unsigned blockZ,
        unsigned dynamicShared, void* streamHandle, void** parameters, void** extra) {
    BEGIN("cuLaunchKernel", CONTEXT)
    REQUIRE(state().functions.count(handle) != 0, INVALID_HANDLE)
    auto* function = static_cast<Function*>(handle);
    const lowpass_emulator_kernel* kernel = function->kernel;
    Stream* stream = streamOf(streamHandle);
    REQUIRE(stream != nullptr, INVALID_HANDLE)
    char shape[256];
    snprintf(shape, sizeof shape, "launch of %s with grid (%u,%u,%u), block (%u,%u,%u), %u bytes of dynamic shared memory: ", kernel->name,
            gridX, gridY, gridZ, blockX, blockY, blockZ, dynamicShared);
    if (gridX == 0 || gridX > 2147483647u || gridY == 0 || gridY > 65535 || gridZ == 0 || gridZ > 65535) {
        refuse(shape + std::string("a grid has 1 to (2147483647, 65535, 65535) blocks"));
        return INVALID_VALUE;
    }
    uint64_t threads = (uint64_t) blockX * blockY * blockZ;
    if (threads == 0 || blockX > 1024 || blockY > 1024 || blockZ > 64 || threads > (uint64_t) kernel->max_threads) {
        refuse(shape + std::string("this kernel's blocks have 1 to ") + std::to_string(kernel->max_threads) + " threads");
        return INVALID_VALUE;
    }
    if (dynamicShared > (unsigned) function->maxDynamicShared) {
        refuse(shape + std::string("the function permits ") + std::to_string(function->maxDynamicShared)
                + "; more must be asked for with MAX_DYNAMIC_SHARED_SIZE_BYTES");
        return INVALID_VALUE;
    }
    // Copied now: the caller may reuse its memory at once, and a graph keeps these for every launch.
    auto copy = std::make_shared<Parameters>();
    const char* packed = nullptr;
    size_t packedBytes = 0, offset = 0;
    for (void** at = extra; at != nullptr && at[0] != nullptr; at += 2) {
        if (at[0] == (void*) 1) {
            packed = static_cast<const char*>(at[1]);
        } else if (at[0] == (void*) 2) {
            packedBytes = *static_cast<const size_t*>(at[1]);
        }
    }
    for (int i = 0; i < kernel->parameter_count; i++) {
        size_t bytes = kernel->parameter_sizes[i];
        const void* from;
        if (packed != nullptr) {
            size_t alignment = kernel->parameter_alignments[i];
            offset = (offset + alignment - 1) / alignment * alignment;
            if (offset + bytes > packedBytes) {
                refuse(shape + std::string("packed parameters end before parameter ") + std::to_string(i));
                return INVALID_VALUE;
            }
            from = packed + offset;
            offset += bytes;
        } else if (parameters == nullptr || parameters[i] == nullptr) {
            refuse(shape + std::string("parameter ") + std::to_string(i) + " of " + std::to_string(kernel->parameter_count) + " is missing");
            return INVALID_VALUE;
        } else {
            from = parameters[i];
        }
        copy->storage.emplace_back(new uint64_t[bytes / 8 + 3]);
        void* to = (void*) (((uint64_t) copy->storage.back().get() + 15) / 16 * 16);
        memcpy(to, from, bytes);
        copy->pointers.push_back(to);
    }
    Launch launch{kernel, {gridX, gridY, gridZ}, {blockX, blockY, blockZ}, dynamicShared, nullptr};
    return call.end(put(stream, [launch, copy](std::string* report) {
        Launch mine = launch;
        mine.parameters = copy->pointers.data();
        return run(mine, report);
    }));
}

API(cuLaunchHostFunc)(void* streamHandle, void (*function)(void*), void* data) {
    BEGIN("cuLaunchHostFunc", CONTEXT)
    Stream* stream = streamOf(streamHandle);
    REQUIRE(stream != nullptr, INVALID_HANDLE)
    return call.end(put(stream, [function, data](std::string*) {
        function(data);
        return SUCCESS;
    }));
}

// ---- memory ----

namespace {

Result allocateDevice(uint64_t* address, size_t bytes) {
    if (address == nullptr || bytes == 0) {
        return INVALID_VALUE;
    }
    if (bytes > state().configuration.memoryBytes - state().used) {
        return OUT_OF_MEMORY;
    }
    uint64_t it = Memory::allocate(bytes);
    if (it == 0) {
        return OUT_OF_MEMORY;
    }
    current()->device_memory[it] = bytes;
    state().used += bytes;
    *address = it;
    return SUCCESS;
}

Result freeDevice(uint64_t address) {
    if (address == 0) {
        return SUCCESS;
    }
    for (Context* context : state().contexts) {
        auto it = context->device_memory.find(address);
        if (it != context->device_memory.end()) {
            state().used -= it->second;
            context->device_memory.erase(it);
            Memory::release(address);
            return SUCCESS;
        }
    }
    mistake("cuMemFree of what is no live allocation's start: " + Memory::describe(address));
    return INVALID_VALUE;
}

Result allocateHost(void** address, size_t bytes, unsigned flags) {
    if (address == nullptr || bytes == 0) {
        return INVALID_VALUE;
    }
    uint64_t it = Memory::allocate(bytes);
    if (it == 0) {
        return OUT_OF_MEMORY;
    }
    state().host_memory[it] = {current(), bytes, false, flags};
    *address = (void*) it;
    return SUCCESS;
}

}  // namespace

API(cuMemAlloc_v2)(uint64_t* address, size_t bytes) {
    BEGIN("cuMemAlloc_v2", CONTEXT | UNSAFE)
    return call.end(allocateDevice(address, bytes));
}

API(cuMemFree_v2)(uint64_t address) {
    BEGIN("cuMemFree_v2", CONTEXT | UNSAFE | RELEASE)
    if (current()->failure == SUCCESS) {
        drainAll(current());
    }
    return call.end(freeDevice(address));
}

API(cuMemAllocAsync)(uint64_t* address, size_t bytes, void* stream) {
    BEGIN("cuMemAllocAsync", CONTEXT | UNSAFE)
    REQUIRE(streamOf(stream) != nullptr, INVALID_HANDLE)
    return call.end(allocateDevice(address, bytes));
}

API(cuMemFreeAsync)(uint64_t address, void* stream) {
    BEGIN("cuMemFreeAsync", CONTEXT | UNSAFE | RELEASE)
    REQUIRE(streamOf(stream) != nullptr, INVALID_HANDLE)
    if (current()->failure != SUCCESS) {
        return call.end(freeDevice(address));
    }
    return call.end(put(streamOf(stream), [address](std::string*) { return freeDevice(address); }));
}

API(cuMemGetInfo_v2)(size_t* free, size_t* total) {
    BEGIN("cuMemGetInfo_v2", CONTEXT)
    *free = state().configuration.memoryBytes - state().used;
    *total = state().configuration.memoryBytes;
    return SUCCESS;
}

API(cuMemGetAddressRange_v2)(uint64_t* start, size_t* bytes, uint64_t address) {
    BEGIN("cuMemGetAddressRange_v2", CONTEXT)
    uint64_t foundStart;
    size_t foundBytes;
    REQUIRE(Memory::find(address, &foundStart, &foundBytes), NOT_FOUND)
    if (start != nullptr) {
        *start = foundStart;
    }
    if (bytes != nullptr) {
        *bytes = foundBytes;
    }
    return SUCCESS;
}

API(cuMemHostAlloc)(void** address, size_t bytes, unsigned flags) {
    BEGIN("cuMemHostAlloc", CONTEXT | UNSAFE)
    return call.end(allocateHost(address, bytes, flags));
}

API(cuMemAllocHost_v2)(void** address, size_t bytes) {
    BEGIN("cuMemAllocHost_v2", CONTEXT | UNSAFE)
    return call.end(allocateHost(address, bytes, 0));
}

API(cuMemFreeHost)(void* address) {
    BEGIN("cuMemFreeHost", CONTEXT | UNSAFE | RELEASE)
    if (current()->failure == SUCCESS) {
        drainAll(current());
    }
    auto it = state().host_memory.find((uint64_t) address);
    if (it == state().host_memory.end() || it->second.registered) {
        mistake("cuMemFreeHost of what is no live pinned allocation's start");
        return call.end(INVALID_VALUE);
    }
    state().host_memory.erase(it);
    Memory::release((uint64_t) address);
    return call.end();
}

API(cuMemHostGetDevicePointer_v2)(uint64_t* device, void* host, unsigned) {
    BEGIN("cuMemHostGetDevicePointer_v2", CONTEXT)
    REQUIRE(isPinned(host, 1), INVALID_VALUE)
    *device = (uint64_t) host;
    return SUCCESS;
}

API(cuMemHostGetFlags)(unsigned* flags, void* host) {
    BEGIN("cuMemHostGetFlags", CONTEXT)
    auto it = state().host_memory.find((uint64_t) host);
    REQUIRE(it != state().host_memory.end(), INVALID_VALUE)
    *flags = it->second.flags;
    return SUCCESS;
}

API(cuMemHostRegister_v2)(void* address, size_t bytes, unsigned flags) {
    BEGIN("cuMemHostRegister_v2", CONTEXT | UNSAFE)
    REQUIRE(address != nullptr && bytes > 0, INVALID_VALUE)
    REQUIRE(!isPinned(address, 1), HOST_MEMORY_ALREADY_REGISTERED)
    state().host_memory[(uint64_t) address] = {current(), bytes, true, flags};
    return SUCCESS;
}

API(cuMemHostUnregister)(void* address) {
    BEGIN("cuMemHostUnregister", CONTEXT | UNSAFE | RELEASE)
    auto it = state().host_memory.find((uint64_t) address);
    REQUIRE(it != state().host_memory.end() && it->second.registered, HOST_MEMORY_NOT_REGISTERED)
    if (current()->failure == SUCCESS) {
        drainAll(current());
    }
    state().host_memory.erase(it);
    return call.end();
}

API(cuPointerGetAttribute)(void* value, int attribute, uint64_t address) {
    BEGIN("cuPointerGetAttribute", CONTEXT)
    REQUIRE(value != nullptr, INVALID_VALUE)
    bool pinned = isPinned((void*) address, 1);
    REQUIRE(pinned || isDevice(address), INVALID_VALUE)
    Context* owner = nullptr;
    uint64_t start = 0;
    size_t bytes = 0;
    Memory::find(address, &start, &bytes);
    for (Context* context : state().contexts) {
        if (context->device_memory.count(start) != 0) {
            owner = context;
        }
    }
    if (pinned) {
        owner = std::prev(state().host_memory.upper_bound(address))->second.context;
    }
    switch (attribute) {  // CU_POINTER_ATTRIBUTE_...
        case 1: *static_cast<void**>(value) = owner; break;                       // CONTEXT
        case 2: *static_cast<unsigned*>(value) = pinned ? 1 : 2; break;           // MEMORY_TYPE: host, device
        case 3: *static_cast<uint64_t*>(value) = address; break;                  // DEVICE_POINTER
        case 4:                                                                   // HOST_POINTER
            REQUIRE(pinned, INVALID_VALUE)
            *static_cast<uint64_t*>(value) = address;
            break;
        case 8: *static_cast<unsigned*>(value) = 0; break;                        // IS_MANAGED
        case 9: *static_cast<int*>(value) = owner == nullptr ? 0 : owner->device; break;  // DEVICE_ORDINAL
        case 11: *static_cast<uint64_t*>(value) = start; break;                   // RANGE_START_ADDR
        case 12: *static_cast<size_t*>(value) = bytes; break;                     // RANGE_SIZE
        case 13: *static_cast<unsigned*>(value) = 1; break;                       // MAPPED
        default: return call.end(INVALID_VALUE);
    }
    return SUCCESS;
}

namespace {

std::string describeCopy(const char* what, uint64_t address, size_t bytes) {
    return std::string(what) + " of " + std::to_string(bytes) + " bytes: " + Memory::describe(address);
}

Result copyNow(Call& call, const char* what, void* to, const void* from, size_t bytes, bool deviceTo, bool deviceFrom) {
    if (deviceTo && !deviceRange((uint64_t) to, bytes)) {
        refuse(describeCopy(what, (uint64_t) to, bytes));
        return INVALID_VALUE;
    }
    if (deviceFrom && !deviceRange((uint64_t) from, bytes)) {
        refuse(describeCopy(what, (uint64_t) from, bytes));
        return INVALID_VALUE;
    }
    if ((!deviceTo && isDevice((uint64_t) to)) || (!deviceFrom && isDevice((uint64_t) from))) {
        refuse(std::string(what) + ": a device address where host memory belongs");
        return INVALID_VALUE;
    }
    Result implicit = useLegacy(current());
    if (implicit != SUCCESS) {
        return implicit;
    }
    drainBlocking(current());
    Result failure = (Result) call.end();
    if (failure == SUCCESS) {
        memmove(to, from, bytes);
    }
    return failure;
}

Result copyLater(const char* what, void* to, const void* from, size_t bytes, void* streamHandle, bool deviceTo, bool deviceFrom) {
    Stream* stream = streamOf(streamHandle);
    if (stream == nullptr) {
        return INVALID_HANDLE;
    }
    if ((deviceTo && !deviceRange((uint64_t) to, bytes)) || (deviceFrom && !deviceRange((uint64_t) from, bytes))) {
        refuse(describeCopy(what, deviceTo && !deviceRange((uint64_t) to, bytes) ? (uint64_t) to : (uint64_t) from, bytes));
        return INVALID_VALUE;
    }
    if ((!deviceTo && isDevice((uint64_t) to)) || (!deviceFrom && isDevice((uint64_t) from))) {
        refuse(std::string(what) + ": a device address where host memory belongs");
        return INVALID_VALUE;
    }
    bool pageable = (!deviceTo && !isPinned(to, bytes)) || (!deviceFrom && !isPinned(from, bytes));
    if (pageable && stream->capture) {
        refuse(std::string(what) + " of pageable host memory in a stream capture");
        return invalidate(stream->capture, STREAM_CAPTURE_UNSUPPORTED);
    }
    if (pageable && !deviceFrom) {
        // As a GPU's driver does, which copies pageable memory aside before it returns.
        auto aside = std::make_shared<std::vector<char>>(static_cast<const char*>(from), static_cast<const char*>(from) + bytes);
        return put(stream, [to, aside](std::string*) {
            memcpy(to, aside->data(), aside->size());
            return SUCCESS;
        });
    }
    std::string name = what;
    Result result = put(stream, [name, to, from, bytes, deviceTo, deviceFrom](std::string* report) {
        // Device memory may have been freed since.
        if ((deviceTo && !deviceRange((uint64_t) to, bytes)) || (deviceFrom && !deviceRange((uint64_t) from, bytes))) {
            *report = describeCopy(name.c_str(), deviceTo && !deviceRange((uint64_t) to, bytes) ? (uint64_t) to : (uint64_t) from, bytes);
            return ILLEGAL_ADDRESS;
        }
        if ((!deviceTo || !deviceFrom) && !isPinned(deviceTo ? from : to, bytes) && !(!deviceTo && !isPinned(to, bytes))) {
            *report = name + ": the pinned host memory was freed before the copy ran";
            return ILLEGAL_ADDRESS;
        }
        memmove(to, from, bytes);
        return SUCCESS;
    });
    if (result == SUCCESS && pageable) {
        drain(stream);
    }
    return result;
}

}  // namespace

#define COPY(name, to, toType, deviceTo, from, fromType, deviceFrom)                                                      \
    API(name##_v2)(toType to, fromType from, size_t bytes) {                                                              \
        BEGIN(#name "_v2", CONTEXT | UNSAFE)                                                                              \
        return copyNow(call, #name, (void*) to, (const void*) from, bytes, deviceTo, deviceFrom);                         \
    }                                                                                                                     \
    API(name##Async_v2)(toType to, fromType from, size_t bytes, void* stream) {                                           \
        BEGIN(#name "Async_v2", CONTEXT)                                                                                  \
        return call.end(copyLater(#name "Async", (void*) to, (const void*) from, bytes, stream, deviceTo, deviceFrom));   \
    }
COPY(cuMemcpyHtoD, to, uint64_t, true, from, const void*, false)
COPY(cuMemcpyDtoH, to, void*, false, from, uint64_t, true)
COPY(cuMemcpyDtoD, to, uint64_t, true, from, uint64_t, true)

API(cuMemcpy)(uint64_t to, uint64_t from, size_t bytes) {
    BEGIN("cuMemcpy", CONTEXT | UNSAFE)
    return copyNow(call, "cuMemcpy", (void*) to, (const void*) from, bytes, isDevice(to), isDevice(from));
}

API(cuMemcpyAsync)(uint64_t to, uint64_t from, size_t bytes, void* stream) {
    BEGIN("cuMemcpyAsync", CONTEXT)
    return call.end(copyLater("cuMemcpyAsync", (void*) to, (const void*) from, bytes, stream, isDevice(to), isDevice(from)));
}

namespace {

template <class T>
Result fill(const char* what, uint64_t address, T value, size_t count, void* streamHandle) {
    Stream* stream = streamOf(streamHandle);
    if (stream == nullptr) {
        return INVALID_HANDLE;
    }
    if (address % sizeof(T) != 0 || !deviceRange(address, count * sizeof(T))) {
        refuse(describeCopy(what, address, count * sizeof(T)));
        return INVALID_VALUE;
    }
    return put(stream, [=](std::string* report) {
        if (!deviceRange(address, count * sizeof(T))) {
            *report = describeCopy("memset", address, count * sizeof(T));
            return ILLEGAL_ADDRESS;
        }
        std::fill_n((T*) address, count, value);
        return SUCCESS;
    });
}

}  // namespace

#define FILL(name, type)                                                                       \
    API(name##_v2)(uint64_t address, type value, size_t count) {                               \
        BEGIN(#name "_v2", CONTEXT | UNSAFE)                                                   \
        return call.end(fill<type>(#name, address, value, count, nullptr));                    \
    }                                                                                          \
    API(name##Async)(uint64_t address, type value, size_t count, void* stream) {               \
        BEGIN(#name "Async", CONTEXT)                                                          \
        return call.end(fill<type>(#name "Async", address, value, count, stream));             \
    }
FILL(cuMemsetD8, unsigned char)
FILL(cuMemsetD16, unsigned short)
FILL(cuMemsetD32, unsigned)

// ---- streams and events ----

namespace {

int createStream(Call& call, void** out, unsigned flags, int priority) {
    REQUIRE(out != nullptr && flags <= 1, INVALID_VALUE)
    auto* stream = new Stream{};
    stream->context = current();
    stream->flags = flags;
    stream->priority = priority;
    stream->context->streams.push_back(stream);
    state().streams.insert(stream);
    *out = stream;
    return SUCCESS;
}

}  // namespace

API(cuStreamCreate)(void** out, unsigned flags) {
    BEGIN("cuStreamCreate", CONTEXT)
    return createStream(call, out, flags, 0);
}

API(cuStreamCreateWithPriority)(void** out, unsigned flags, int priority) {
    BEGIN("cuStreamCreateWithPriority", CONTEXT)
    return createStream(call, out, flags, std::max(-5, std::min(0, priority)));
}

API(cuStreamDestroy_v2)(void* handle) {
    BEGIN("cuStreamDestroy_v2", CONTEXT | RELEASE)
    if (state().streams.count(handle) == 0) {
        mistake("cuStreamDestroy of an unknown stream");
        return call.end(INVALID_HANDLE);
    }
    auto* stream = static_cast<Stream*>(handle);
    if (stream->capture) {
        invalidate(stream->capture, STREAM_CAPTURE_INVALIDATED);
        auto& captures = state().captures;
        if (stream->capture->origin == stream) {
            captures.erase(std::remove(captures.begin(), captures.end(), stream->capture), captures.end());
        }
        stream->capture.reset();
    }
    drain(stream);  // what was put in still runs
    stream->alive = false;
    state().streams.erase(handle);
    auto& streams = stream->context->streams;
    streams.erase(std::find(streams.begin(), streams.end(), stream));
    return call.end();
}

API(cuStreamSynchronize)(void* handle) {
    BEGIN("cuStreamSynchronize", CONTEXT)
    Stream* stream = streamOf(handle);
    REQUIRE(stream != nullptr, INVALID_HANDLE)
    if (stream->capture) {
        return invalidate(stream->capture, STREAM_CAPTURE_UNSUPPORTED);
    }
    if (stream == stream->context->legacy) {
        Result implicit = useLegacy(stream->context);
        REQUIRE(implicit == SUCCESS, implicit)
        drainBlocking(stream->context);
    }
    drain(stream);
    return call.end();
}

API(cuStreamQuery)(void* handle) {
    BEGIN("cuStreamQuery", CONTEXT)
    Stream* stream = streamOf(handle);
    REQUIRE(stream != nullptr, INVALID_HANDLE)
    if (stream->capture) {
        return invalidate(stream->capture, STREAM_CAPTURE_UNSUPPORTED);
    }
    if (stream->executed < stream->enqueued) {
        drain(stream, stream->executed + 1);  // so that a program that polls gets on
        return call.end(NOT_READY);
    }
    return call.end();
}

API(cuStreamGetPriority)(void* handle, int* priority) {
    BEGIN("cuStreamGetPriority", CONTEXT)
    Stream* stream = streamOf(handle);
    REQUIRE(stream != nullptr, INVALID_HANDLE)
    *priority = stream->priority;
    return SUCCESS;
}

API(cuStreamGetFlags)(void* handle, unsigned* flags) {
    BEGIN("cuStreamGetFlags", CONTEXT)
    Stream* stream = streamOf(handle);
    REQUIRE(stream != nullptr, INVALID_HANDLE)
    *flags = stream->flags;
    return SUCCESS;
}

API(cuStreamGetCtx)(void* handle, void** context) {
    BEGIN("cuStreamGetCtx", CONTEXT)
    Stream* stream = streamOf(handle);
    REQUIRE(stream != nullptr, INVALID_HANDLE)
    *context = stream->context;
    return SUCCESS;
}

API(cuStreamWaitEvent)(void* streamHandle, void* eventHandle, unsigned) {
    BEGIN("cuStreamWaitEvent", CONTEXT)
    Stream* stream = streamOf(streamHandle);
    REQUIRE(stream != nullptr && state().events.count(eventHandle) != 0, INVALID_HANDLE)
    std::shared_ptr<Mark> mark = static_cast<Event*>(eventHandle)->mark;
    if (!mark) {
        return SUCCESS;
    }
    if (mark->capture) {
        REQUIRE(!stream->capture || stream->capture == mark->capture, STREAM_CAPTURE_ISOLATION)
        if (!stream->capture) {
            stream->capture = mark->capture;
            stream->captured = 1;  // joined, and to be waited for
            stream->joinedUpTo = 0;
            mark->capture->joined.push_back(stream);
        }
        // Whoever waits for the other has all its work so far behind it.
        if (stream == mark->capture->origin && mark->stream != nullptr) {
            mark->stream->joinedUpTo = std::max(mark->stream->joinedUpTo, mark->place);
        }
        return SUCCESS;
    }
    if (stream->capture) {
        return finished(*mark) ? SUCCESS : invalidate(stream->capture, STREAM_CAPTURE_ISOLATION);
    }
    return call.end(put(stream, [mark](std::string*) {
        if (!finished(*mark)) {
            drain(mark->stream, mark->place);
        }
        return SUCCESS;
    }));
}

API(cuEventCreate)(void** out, unsigned flags) {
    BEGIN("cuEventCreate", CONTEXT)
    REQUIRE(out != nullptr, INVALID_VALUE)
    auto* event = new Event{};
    event->context = current();
    event->flags = flags;
    state().events.insert(event);
    *out = event;
    return SUCCESS;
}

API(cuEventDestroy_v2)(void* event) {
    BEGIN("cuEventDestroy_v2", CONTEXT | RELEASE)
    if (state().events.erase(event) == 0) {
        mistake("cuEventDestroy of an unknown event");
        return call.end(INVALID_HANDLE);
    }
    delete static_cast<Event*>(event);
    return call.end();
}

API(cuEventRecord)(void* eventHandle, void* streamHandle) {
    BEGIN("cuEventRecord", CONTEXT)
    Stream* stream = streamOf(streamHandle);
    REQUIRE(stream != nullptr && state().events.count(eventHandle) != 0, INVALID_HANDLE)
    auto mark = std::make_shared<Mark>();
    mark->stream = stream;
    static_cast<Event*>(eventHandle)->mark = mark;
    if (stream->capture) {
        mark->capture = stream->capture;
        mark->place = stream->captured;
        return SUCCESS;
    }
    Result result = put(stream, [mark](std::string*) {
        mark->done = true;
        mark->time = now();
        return SUCCESS;
    });
    mark->place = stream->enqueued;
    return call.end(result);
}
EMULATOR_EXPORT int cuEventRecordWithFlags(void* event, void* stream, unsigned) { return cuEventRecord(event, stream); }

API(cuEventSynchronize)(void* handle) {
    BEGIN("cuEventSynchronize", CONTEXT)
    REQUIRE(state().events.count(handle) != 0, INVALID_HANDLE)
    auto mark = static_cast<Event*>(handle)->mark;
    if (mark && mark->capture) {
        return invalidate(mark->capture, STREAM_CAPTURE_UNSUPPORTED);
    }
    if (mark && !finished(*mark)) {
        drain(mark->stream, mark->place);
    }
    return call.end();
}

API(cuEventQuery)(void* handle) {
    BEGIN("cuEventQuery", CONTEXT)
    REQUIRE(state().events.count(handle) != 0, INVALID_HANDLE)
    auto mark = static_cast<Event*>(handle)->mark;
    if (mark && mark->capture) {
        return invalidate(mark->capture, STREAM_CAPTURE_UNSUPPORTED);
    }
    if (mark && !finished(*mark)) {
        drain(mark->stream, mark->stream->executed + 1);
        return call.end(NOT_READY);
    }
    return call.end();
}

API(cuEventElapsedTime)(float* milliseconds, void* start, void* end) {
    BEGIN("cuEventElapsedTime", CONTEXT)
    REQUIRE(state().events.count(start) != 0 && state().events.count(end) != 0, INVALID_HANDLE)
    auto from = static_cast<Event*>(start)->mark, to = static_cast<Event*>(end)->mark;
    bool timed = (static_cast<Event*>(start)->flags & 2) == 0 && (static_cast<Event*>(end)->flags & 2) == 0;
    REQUIRE(milliseconds != nullptr && from && to && timed, INVALID_HANDLE)
    REQUIRE(from->done && to->done, NOT_READY)
    *milliseconds = (float) (to->time - from->time);
    return SUCCESS;
}

// ---- capture and graphs ----

API(cuStreamBeginCapture_v2)(void* handle, int mode) {
    BEGIN("cuStreamBeginCapture_v2", CONTEXT)
    Stream* stream = streamOf(handle);
    REQUIRE(stream != nullptr, INVALID_HANDLE)
    REQUIRE(stream != stream->context->legacy, STREAM_CAPTURE_UNSUPPORTED)
    REQUIRE(mode >= 0 && mode <= 2, INVALID_VALUE)
    REQUIRE(!stream->capture, INVALID_VALUE)
    auto capture = std::make_shared<Capture>();
    capture->origin = stream;
    capture->mode = mode;
    capture->thread = std::this_thread::get_id();
    stream->capture = capture;
    stream->captured = 0;
    state().captures.push_back(capture);
    return SUCCESS;
}

API(cuStreamEndCapture)(void* handle, void** out) {
    BEGIN("cuStreamEndCapture", CONTEXT | RELEASE)
    Stream* stream = streamOf(handle);
    REQUIRE(stream != nullptr && out != nullptr, INVALID_HANDLE)
    *out = nullptr;
    REQUIRE(stream->capture, INVALID_VALUE)
    std::shared_ptr<Capture> capture = stream->capture;
    REQUIRE(capture->origin == stream, STREAM_CAPTURE_UNMATCHED)
    REQUIRE(capture->mode == 2 || capture->thread == std::this_thread::get_id(), STREAM_CAPTURE_WRONG_THREAD)
    bool joined = true;
    for (Stream* other : capture->joined) {
        joined = joined && other->joinedUpTo >= other->captured;
        other->capture.reset();
    }
    stream->capture.reset();
    auto& captures = state().captures;
    captures.erase(std::remove(captures.begin(), captures.end(), capture), captures.end());
    REQUIRE(!capture->invalidated, STREAM_CAPTURE_INVALIDATED)
    REQUIRE(joined, STREAM_CAPTURE_UNJOINED)
    if (call.end() != SUCCESS) {
        return call.end();
    }
    auto* graph = new Graph{};
    graph->work = capture->work;
    state().graphs.insert(graph);
    *out = graph;
    return SUCCESS;
}

API(cuStreamIsCapturing)(void* handle, int* status) {
    BEGIN("cuStreamIsCapturing", CONTEXT)
    Stream* stream = streamOf(handle);
    REQUIRE(stream != nullptr && status != nullptr, INVALID_HANDLE)
    *status = !stream->capture ? 0 : stream->capture->invalidated ? 2 : 1;
    return SUCCESS;
}

API(cuThreadExchangeStreamCaptureMode)(int* mode) {
    BEGIN("cuThreadExchangeStreamCaptureMode")
    REQUIRE(mode != nullptr, INVALID_VALUE)
    REQUIRE(*mode >= 0 && *mode <= 2, INVALID_VALUE)
    std::swap(*mode, mine().captureMode);
    return SUCCESS;
}

namespace {

int instantiate(Call& call, void** out, void* graph) {
    REQUIRE(out != nullptr, INVALID_VALUE)
    REQUIRE(state().graphs.count(graph) != 0, INVALID_VALUE)
    auto* exec = new GraphExec{};
    exec->context = current();
    exec->work = static_cast<Graph*>(graph)->work;
    state().graphExecs.insert(exec);
    *out = exec;
    return SUCCESS;
}

}  // namespace

API(cuGraphInstantiateWithFlags)(void** out, void* graph, unsigned long long) {
    BEGIN("cuGraphInstantiateWithFlags", CONTEXT | UNSAFE)
    return instantiate(call, out, graph);
}

API(cuGraphInstantiate_v2)(void** out, void* graph, void** errorNode, char*, size_t) {
    BEGIN("cuGraphInstantiate_v2", CONTEXT | UNSAFE)
    if (errorNode != nullptr) {
        *errorNode = nullptr;
    }
    return instantiate(call, out, graph);
}

API(cuGraphUpload)(void* exec, void* stream) {
    BEGIN("cuGraphUpload", CONTEXT)
    REQUIRE(state().graphExecs.count(exec) != 0 && streamOf(stream) != nullptr, INVALID_HANDLE)
    return SUCCESS;
}

API(cuGraphLaunch)(void* handle, void* streamHandle) {
    BEGIN("cuGraphLaunch", CONTEXT)
    Stream* stream = streamOf(streamHandle);
    REQUIRE(stream != nullptr && state().graphExecs.count(handle) != 0, INVALID_HANDLE)
    // The work, not the handle: it may be destroyed once the launch is in the stream.
    std::vector<Work> all = static_cast<GraphExec*>(handle)->work;
    return call.end(put(stream, [all](std::string* report) {
        for (const Work& work : all) {
            Result result = work(report);
            if (result != SUCCESS) {
                return result;
            }
        }
        return SUCCESS;
    }));
}

API(cuGraphGetNodes)(void* graph, void** nodes, size_t* count) {
    BEGIN("cuGraphGetNodes", CONTEXT)
    REQUIRE(state().graphs.count(graph) != 0 && count != nullptr, INVALID_VALUE)
    auto& work = static_cast<Graph*>(graph)->work;
    for (size_t i = 0; nodes != nullptr && i < *count; i++) {
        nodes[i] = i < work.size() ? (void*) &work[i] : nullptr;
    }
    *count = work.size();
    return SUCCESS;
}

API(cuGraphDestroy)(void* graph) {
    BEGIN("cuGraphDestroy", RELEASE)
    if (state().graphs.erase(graph) == 0) {
        mistake("cuGraphDestroy of an unknown graph");
        return call.end(INVALID_VALUE);
    }
    delete static_cast<Graph*>(graph);
    return call.end();
}

API(cuGraphExecDestroy)(void* exec) {
    BEGIN("cuGraphExecDestroy", RELEASE)
    if (state().graphExecs.erase(exec) == 0) {
        mistake("cuGraphExecDestroy of an unknown executable graph");
        return call.end(INVALID_VALUE);
    }
    delete static_cast<GraphExec*>(exec);
    return call.end();
}

// ---- profiler, errors, entry points ----

API(cuProfilerStart)() {
    BEGIN("cuProfilerStart", CONTEXT)
    return SUCCESS;
}

API(cuProfilerStop)() {
    BEGIN("cuProfilerStop", CONTEXT)
    return SUCCESS;
}

namespace {

struct ErrorText {
    int code;
    const char* name;
    const char* text;
};

const ErrorText kErrors[] = {
    {SUCCESS, "CUDA_SUCCESS", "no error"},
    {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {DEINITIALIZED, "CUDA_ERROR_DEINITIALIZED", "driver shutting down"},
    {STUB_LIBRARY, "CUDA_ERROR_STUB_LIBRARY", "CUDA driver is a stub library"},
    {NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {UNSUPPORTED_PTX_VERSION, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the provided PTX was compiled with an unsupported toolchain."},
    {INVALID_SOURCE, "CUDA_ERROR_INVALID_SOURCE", "device kernel image is invalid"},
    {FILE_NOT_FOUND, "CUDA_ERROR_FILE_NOT_FOUND", "file not found"},
    {INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {LAUNCH_OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {PRIMARY_CONTEXT_ACTIVE, "CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE", "cannot set while device is active in this process"},
    {CONTEXT_IS_DESTROYED, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {HOST_MEMORY_ALREADY_REGISTERED, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED", "part or all of the requested memory range is already mapped"},
    {HOST_MEMORY_NOT_REGISTERED, "CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED", "pointer does not correspond to a registered memory region"},
    {ILLEGAL_INSTRUCTION, "CUDA_ERROR_ILLEGAL_INSTRUCTION", "an illegal instruction was encountered"},
    {MISALIGNED_ADDRESS, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {SYSTEM_DRIVER_MISMATCH, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"},
    {STREAM_CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {STREAM_CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"},
    {STREAM_CAPTURE_UNMATCHED, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED", "capture was not ended in the same stream as it began"},
    {STREAM_CAPTURE_UNJOINED, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
    {STREAM_CAPTURE_ISOLATION, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION", "dependency created on uncaptured work in another stream"},
    {STREAM_CAPTURE_IMPLICIT, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT", "operation would make the legacy stream depend on a capturing blocking stream"},
    {STREAM_CAPTURE_WRONG_THREAD, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD", "attempt to terminate a thread-local capture sequence from another thread"},
    {UNKNOWN, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

}  // namespace

// Never counted and never failed: error handling itself calls these.
API(cuGetErrorName)(int code, const char** name) {
    for (const ErrorText& error : kErrors) {
        if (error.code == code) {
            *name = error.name;
            return SUCCESS;
        }
    }
    *name = nullptr;
    return INVALID_VALUE;
}

API(cuGetErrorString)(int code, const char** text) {
    for (const ErrorText& error : kErrors) {
        if (error.code == code) {
            *text = error.text;
            return SUCCESS;
        }
    }
    *text = nullptr;
    return INVALID_VALUE;
}

API(cuGetProcAddress_v2)(const char* symbol, void** function, int, unsigned long long, int* status) {
    Dl_info self;
    void* handle = dladdr((void*) &cuGetErrorName, &self) ? dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD) : nullptr;
    *function = nullptr;
    for (const char* suffix : {"_v2", ""}) {
        if (handle != nullptr && *function == nullptr) {
            *function = dlsym(handle, (std::string(symbol) + suffix).c_str());
        }
    }
    if (status != nullptr) {
        *status = *function == nullptr ? 1 : 0;
    }
    return *function == nullptr ? NOT_FOUND : SUCCESS;
}
EMULATOR_EXPORT int cuGetProcAddress(const char* symbol, void** function, int version, unsigned long long flags) {
    return cuGetProcAddress_v2(symbol, function, version, flags, nullptr);
}
