// The Java side's way in: native methods of dev.lowpass.kernels.emulator.EmulatedDevice.
#include <jni.h>

#include "driver.h"
#include "emulator.h"

namespace {

jstring string(JNIEnv* jvm, const std::string& text) { return jvm->NewStringUTF(text.c_str()); }

jobjectArray strings(JNIEnv* jvm, const std::vector<std::string>& lines) {
    jobjectArray array = jvm->NewObjectArray((jsize) lines.size(), jvm->FindClass("java/lang/String"), nullptr);
    for (size_t i = 0; i < lines.size(); i++) {
        jstring line = string(jvm, lines[i]);
        jvm->SetObjectArrayElement(array, (jsize) i, line);
        jvm->DeleteLocalRef(line);
    }
    return array;
}

}  // namespace

#define NATIVE(type, name) extern "C" JNIEXPORT type JNICALL Java_dev_lowpass_kernels_emulator_EmulatedDevice_##name

NATIVE(jstring, loadKernels0)(JNIEnv* jvm, jclass, jstring path) {
    const char* chars = jvm->GetStringUTFChars(path, nullptr);
    std::string problem = emulator::loadKernels(chars);
    jvm->ReleaseStringUTFChars(path, chars);
    return problem.empty() ? nullptr : string(jvm, problem);
}

NATIVE(void, configure0)(JNIEnv*, jclass, jint devices, jint architecture, jlong memoryBytes, jint driverVersion, jint multiprocessors,
        jboolean eager) {
    emulator::configuration() = {devices, architecture, (uint64_t) memoryBytes, driverVersion, multiprocessors, eager != JNI_FALSE};
}

NATIVE(void, checkRaces0)(JNIEnv*, jclass, jboolean check) { emulator::checkRaces = check != JNI_FALSE; }

NATIVE(void, failNth0)(JNIEnv*, jclass, jlong n, jint code, jint cublasCode) { emulator::failNth((long) n, code, cublasCode); }

NATIVE(jstring, failedCall0)(JNIEnv* jvm, jclass) { return string(jvm, emulator::failedCall()); }

NATIVE(jobjectArray, calls0)(JNIEnv* jvm, jclass) { return strings(jvm, emulator::calls()); }

NATIVE(void, clearCalls0)(JNIEnv*, jclass) { emulator::clearCalls(); }

NATIVE(jstring, report0)(JNIEnv* jvm, jclass) { return string(jvm, emulator::report()); }

NATIVE(jlong, deviceBytes0)(JNIEnv*, jclass) { return (jlong) emulator::deviceBytes(); }

NATIVE(jobjectArray, live0)(JNIEnv* jvm, jclass) { return strings(jvm, emulator::live()); }

NATIVE(void, reset0)(JNIEnv*, jclass) { emulator::reset(); }
