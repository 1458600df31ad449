// A stand-in for NVIDIA's run-time compiler, for tests: takes a program as libnvrtc does, refuses what the real one would refuse of
// our sources (includes that it has no headers for, an architecture that it does not know), and gives as the "cubin" or the PTX, behind
// what an image of that kind begins with, the options and the source, so that a test sees what arrived.
//   NVRTC_MAJOR, NVRTC_MINOR   the version that it pretends to be
//   NVRTC_PTX                  the version of its PTX, 8.5 for example
//   NVRTC_ARCHITECTURES        what it knows, ascending and with commas between
//   NVRTC_FAILS                it refuses every source
#include <cstring>
#include <string>

namespace {

#define TEXT_OF(it) #it
#define TEXT(it) TEXT_OF(it)

const int kArchitectures[] = {NVRTC_ARCHITECTURES};

struct Program {
    std::string source;
    std::string options;
    std::string target;
    std::string log;

    std::string cubin() const { return "\x7f" "ELF\n" + options + source; }

    std::string ptx() const {
        return ".version " TEXT(NVRTC_PTX) "\n.target " + target + "\n.address_size 64\n// by NVRTC " TEXT(NVRTC_MAJOR) "." TEXT(NVRTC_MINOR) "\n" + options + source;
    }
};

}  // namespace

enum { SUCCESS = 0, INVALID_OPTION = 5, COMPILATION = 6 };

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT const char* nvrtcGetErrorString(int result) {
    return result == SUCCESS ? "NVRTC_SUCCESS" : result == INVALID_OPTION ? "NVRTC_ERROR_INVALID_OPTION" : "NVRTC_ERROR_COMPILATION";
}

EXPORT int nvrtcVersion(int* major, int* minor) {
    *major = NVRTC_MAJOR;
    *minor = NVRTC_MINOR;
    return SUCCESS;
}

EXPORT int nvrtcGetNumSupportedArchs(int* count) {
    *count = sizeof kArchitectures / sizeof kArchitectures[0];
    return SUCCESS;
}

EXPORT int nvrtcGetSupportedArchs(int* architectures) {
    memcpy(architectures, kArchitectures, sizeof kArchitectures);
    return SUCCESS;
}

EXPORT int nvrtcCreateProgram(Program** program, const char* source, const char* name, int headers, const char* const*, const char* const*) {
    if (headers != 0 || name == nullptr) {
        return COMPILATION;
    }
    *program = new Program{source, "", "", ""};
    return SUCCESS;
}

EXPORT int nvrtcDestroyProgram(Program** program) {
    delete *program;
    *program = nullptr;
    return SUCCESS;
}

EXPORT int nvrtcCompileProgram(Program* program, int count, const char* const* options) {
    const std::string key = "--gpu-architecture=";
    for (int i = 0; i < count; i++) {
        std::string option = options[i];
        if (option.compare(0, key.size(), key) == 0) {
            std::string target = option.substr(key.size());
            bool known = false;
            for (int architecture : kArchitectures) {
                known |= target == "sm_" + std::to_string(architecture) || target == "compute_" + std::to_string(architecture);
            }
            if (!known) {
                program->log = "nvrtc: error: invalid value for --gpu-architecture (-arch)\n";
                return INVALID_OPTION;
            }
            program->target = "sm_" + target.substr(target.find('_') + 1);
        }
        program->options += option + "\n";
    }
    if (program->source.find("#include") != std::string::npos) {
        program->log = "catastrophic error: cannot open source file\n";
        return COMPILATION;
    }
#ifdef NVRTC_FAILS
    program->log = "error: expected a better source\n";
    return COMPILATION;
#endif
    return SUCCESS;
}

// As NVRTC, which has no machine code of a virtual architecture; PTX ends with a zero.
EXPORT int nvrtcGetCUBINSize(Program* program, size_t* size) {
    *size = program->options.find("=sm_") == std::string::npos ? 0 : program->cubin().size();
    return SUCCESS;
}

EXPORT int nvrtcGetCUBIN(Program* program, char* image) {
    memcpy(image, program->cubin().data(), program->cubin().size());
    return SUCCESS;
}

EXPORT int nvrtcGetPTXSize(Program* program, size_t* size) {
    *size = program->ptx().size() + 1;
    return SUCCESS;
}

EXPORT int nvrtcGetPTX(Program* program, char* image) {
    memcpy(image, program->ptx().c_str(), program->ptx().size() + 1);
    return SUCCESS;
}

EXPORT int nvrtcGetProgramLogSize(Program* program, size_t* size) {
    *size = program->log.size() + 1;
    return SUCCESS;
}

EXPORT int nvrtcGetProgramLog(Program* program, char* log) {
    memcpy(log, program->log.c_str(), program->log.size() + 1);
    return SUCCESS;
}
