#!/bin/sh
# Builds the emulated device.
#   build.sh driver OUT         OUT/libcuda.so.1, OUT/libcublas.so.11 to .13, OUT/libcufft.so.10 to .12; JAVA_HOME names a JDK, for jni.h
#   build.sh kernels OUT FILE.cu  OUT/FILE.so, the source's kernels, for that driver
# CXX names the compiler (g++).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
what=$1
out=$2
mkdir -p "$out/objects"
cxx=${CXX:-g++}

# The host's fused multiply-add is what the device's contraction of a * b + c gives; without it, everything still works.
machine=""
if [ "$(uname -m)" = x86_64 ] && grep -qw fma /proc/cpuinfo && grep -qw avx2 /proc/cpuinfo; then
    machine="-mfma -mavx2"
fi

if [ "$what" = driver ]; then
    flags="-std=c++17 -O2 -g1 -fPIC -shared -pthread -Wall -Wextra -Werror $machine"
    java=${JAVA_HOME:?must name a JDK, for jni.h}
    # shellcheck disable=SC2086
    "$cxx" $flags -I"$java/include" -I"$java/include/linux" "$here/runtime.cpp" "$here/driver.cpp" "$here/control.cpp" \
        -Wl,-soname,libcuda.so.1 -Wl,-z,now -ldl -o "$out/libcuda.so.1"
    library() { # NAME MAJOR
        # shellcheck disable=SC2086
        "$cxx" $flags "-DLOWPASS_$(echo "$1" | tr a-z A-Z)_MAJOR=$2" "$here/$1.cpp" -Wl,-soname,"lib$1.so.$2" -Wl,--default-symver -Wl,-z,now \
            "$out/libcuda.so.1" -o "$out/lib$1.so.$2"
    }
    for major in 11 12 13; do library cublas $major; done
    for major in 10 11 12; do library cufft $major; done
    exit 0
fi

source=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
name=$(basename "$source" .cu)
work=$out/objects/$name

# Pragmas are nvcc's, and templates leave variables unused in some of their instances.
flags="-x c++ -std=c++17 -O2 -g1 -fPIC -fno-exceptions -fno-rtti -fno-strict-aliasing -fwrapv -ffp-contract=fast $machine
    -Wall -Wno-unknown-pragmas -Wno-unused -Wno-attributes -fno-extern-tls-init -fno-stack-protector
    -fsanitize=kernel-address --param asan-globals=0 --param asan-stack=0 --param asan-instrumentation-with-call-threshold=0
    -fsanitize=alignment,bounds -fsanitize-recover=all
    -include $here/include/cuda_host.h -I $here/include"

# Kernels as the preprocessor leaves them: extern "C" @lowpass_kernel@ void @lowpass_bounds@(256)@ name(...
# shellcheck disable=SC2086
"$cxx" $flags -DLOWPASS_EMULATOR_LIST -E -P "$source" | tr '\n' ' ' | sed 's/extern *"C" *@lowpass_kernel@/\n@entry@/g' | sed -n \
    -e 's/^@entry@ *void *@lowpass_bounds@(\(.*\))@ *\([A-Za-z_][A-Za-z0-9_]*\) *(.*/LOWPASS_EMULATOR_KERNEL(\2, \1)/p;t' \
    -e 's/^@entry@ *@lowpass_bounds@(\(.*\))@ *void *\([A-Za-z_][A-Za-z0-9_]*\) *(.*/LOWPASS_EMULATOR_KERNEL(\2, \1)/p;t' \
    -e 's/^@entry@ *void *\([A-Za-z_][A-Za-z0-9_]*\) *(.*/LOWPASS_EMULATOR_KERNEL(\1)/p' > "$work.kernels"
{ printf '#include "%s"\n' "$source"; cat "$work.kernels"; } > "$work.registered.cu"
# shellcheck disable=SC2086
"$cxx" $flags -S "$work.registered.cu" -o "$work.s"

# 128 bytes behind each shared array that belong to none, so that running over its end cannot reach the next.
awk '/^\t\.section|^\t\.(text|data|bss)/ { shared = /\.tbss/ } { print } shared && /^\t\.zero/ { print "\t.zero\t128" }' "$work.s" > "$work.guarded.s"
"$cxx" -c "$work.guarded.s" -o "$work.o"

# extern __shared__ arrays, whatever their names, are one piece of memory: the most that any device offers a block.
{
    printf '.section .tbss,"awT",@nobits\n.balign 1024\n'
    for symbol in lowpass_emulator_dynamic_shared $(readelf -sW "$work.o" | awk '$4 == "TLS" && $7 == "UND" && $8 != "lowpass_emulator_current" { print $8 }'); do
        printf '.globl %s\n.type %s, @object\n.size %s, 232448\n%s:\n' "$symbol" "$symbol" "$symbol" "$symbol"
    done
    printf '.zero 232576\n.section .note.GNU-stack,"",@progbits\n'
} > "$work.dynamic_shared.s"
"$cxx" -shared -Wl,-Bsymbolic -Wl,-z,now -Wl,-z,defs "$work.o" "$work.dynamic_shared.s" "$out/libcuda.so.1" -lm -o "$out/$name.so"
