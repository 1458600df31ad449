// A stand-in for NVIDIA's run-time compiler, for tests: takes a program as libnvrtc does, refuses what the real one would refuse of
// our sources (includes that it has no headers for, a standard or architecture that it does not know), and gives as the "cubin" the
// options and the source, so that a test sees what arrived.
#include <cstring>
#include <string>

namespace {

struct Program {
    std::string source;
    std::string image;
    std::string log;
};

}  // namespace

enum { SUCCESS = 0, INVALID_OPTION = 5, COMPILATION = 6 };

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT const char* nvrtcGetErrorString(int result) {
    return result == SUCCESS ? "NVRTC_SUCCESS" : result == INVALID_OPTION ? "NVRTC_ERROR_INVALID_OPTION" : "NVRTC_ERROR_COMPILATION";
}

EXPORT int nvrtcCreateProgram(Program** program, const char* source, const char* name, int headers, const char* const*, const char* const*) {
    if (headers != 0 || name == nullptr) {
        return COMPILATION;
    }
    *program = new Program{source, "", ""};
    return SUCCESS;
}

EXPORT int nvrtcDestroyProgram(Program** program) {
    delete *program;
    *program = nullptr;
    return SUCCESS;
}

EXPORT int nvrtcCompileProgram(Program* program, int count, const char* const* options) {
    for (int i = 0; i < count; i++) {
        if (strcmp(options[i], "--gpu-architecture=sm_99") == 0) {
            program->log = "nvrtc: error: invalid value for --gpu-architecture (-arch)\n";
            return INVALID_OPTION;
        }
        program->image += std::string(options[i]) + "\n";
    }
    if (program->source.find("#include") != std::string::npos) {
        program->log = "catastrophic error: cannot open source file\n";
        return COMPILATION;
    }
    program->image += program->source;
    return SUCCESS;
}

EXPORT int nvrtcGetCUBINSize(Program* program, size_t* size) {
    *size = program->image.size();
    return SUCCESS;
}

EXPORT int nvrtcGetCUBIN(Program* program, char* image) {
    memcpy(image, program->image.data(), program->image.size());
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
