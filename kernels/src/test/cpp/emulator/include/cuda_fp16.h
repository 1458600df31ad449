// half and half2 for a host compiler: stored as IEEE 754 binary16, each operation computed wider and rounded once, to
// nearest even, which is what the device's instructions do.
#pragma once

inline float lowpass_half_to_float(unsigned short bits) {
    unsigned sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 31) {
        return lowpass_bits<float>(sign | 0x7f800000u | fraction << 13);
    }
    if (exponent == 0) {
        float magnitude = (float) fraction * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    return lowpass_bits<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

// From double, so that a sum or product that is exact in double is rounded only once.
inline unsigned short lowpass_double_to_half(double value) {
    unsigned long long bits = lowpass_bits<unsigned long long>(value);
    unsigned short sign = (unsigned short) (bits >> 48 & 0x8000u);
    double magnitude = value < 0 ? -value : value;
    if (value != value) {
        return 0x7fff;
    }
    if (magnitude >= 65520) {
        return sign | 0x7c00u;
    }
    int exponent = (int) (bits >> 52 & 2047) - 1023;
    if (exponent < -14) {
        exponent = -14; // subnormal: fixed quantum 2^-24
    }
    // A multiple of the quantum below 2^11, rounded to nearest even by the addition of 1.5 * 2^52.
    volatile double shifted = magnitude * lowpass_bits<double>((unsigned long long) (1023 + 10 - exponent) << 52) + 0x1.8p52;
    unsigned quanta = (unsigned) (shifted - 0x1.8p52);
    // A carry into the next exponent adds up by itself, as does the step from subnormal to normal.
    return (unsigned short) (sign | (((unsigned) (exponent + 14) << 10) + quanta));
}

struct __align__(2) __half {
    unsigned short bits;

    __half() = default;
    __half(float value) : bits(lowpass_double_to_half(value)) {}
    __half(double value) : bits(lowpass_double_to_half(value)) {}
    __half(int value) : bits(lowpass_double_to_half(value)) {}
    operator float() const { return lowpass_half_to_float(bits); }
};

struct __align__(4) __half2 {
    __half x, y;

    __half2() = default;
    __half2(__half x, __half y) : x(x), y(y) {}
};

using half = __half;
using half2 = __half2;

inline __half __ushort_as_half(unsigned short bits) {
    __half value;
    value.bits = bits;
    return value;
}
inline unsigned short __half_as_ushort(__half value) { return value.bits; }
inline __half __short_as_half(short bits) { return __ushort_as_half((unsigned short) bits); }
inline short __half_as_short(__half value) { return (short) value.bits; }

inline float __half2float(__half value) { return lowpass_half_to_float(value.bits); }
inline __half __float2half(float value) { return __half(value); }
inline __half __float2half_rn(float value) { return __half(value); }
inline __half __double2half(double value) { return __half(value); }
inline __half __int2half_rn(int value) { return __half(value); }
inline __half2 __floats2half2_rn(float x, float y) { return __half2(__half(x), __half(y)); }
inline __half2 __float22half2_rn(float2 value) { return __half2(__half(value.x), __half(value.y)); }
inline __half2 __float2half2_rn(float value) { return __half2(__half(value), __half(value)); }
inline float2 __half22float2(__half2 value) { return make_float2(__half2float(value.x), __half2float(value.y)); }
inline float __low2float(__half2 value) { return __half2float(value.x); }
inline float __high2float(__half2 value) { return __half2float(value.y); }
inline __half __low2half(__half2 value) { return value.x; }
inline __half __high2half(__half2 value) { return value.y; }
inline __half2 __halves2half2(__half x, __half y) { return __half2(x, y); }
inline __half2 make_half2(__half x, __half y) { return __half2(x, y); }
inline __half2 __half2half2(__half value) { return __half2(value, value); }

inline double lowpass_wide(__half value) { return lowpass_half_to_float(value.bits); }
inline __half __hadd(__half a, __half b) { return __half(lowpass_wide(a) + lowpass_wide(b)); }
inline __half __hsub(__half a, __half b) { return __half(lowpass_wide(a) - lowpass_wide(b)); }
inline __half __hmul(__half a, __half b) { return __half(lowpass_wide(a) * lowpass_wide(b)); }
inline __half __hdiv(__half a, __half b) { return __half(lowpass_wide(a) / lowpass_wide(b)); }
inline __half __hneg(__half a) { return __ushort_as_half(a.bits ^ 0x8000u); }
inline __half __hfma(__half a, __half b, __half c) { return __half(lowpass_wide(a) * lowpass_wide(b) + lowpass_wide(c)); }
inline __half __hmax(__half a, __half b) { return __half(fmaxf(__half2float(a), __half2float(b))); }
inline __half __hmin(__half a, __half b) { return __half(fminf(__half2float(a), __half2float(b))); }
inline bool __hgt(__half a, __half b) { return __half2float(a) > __half2float(b); }
inline bool __hlt(__half a, __half b) { return __half2float(a) < __half2float(b); }
inline bool __hge(__half a, __half b) { return __half2float(a) >= __half2float(b); }
inline bool __hle(__half a, __half b) { return __half2float(a) <= __half2float(b); }
inline bool __heq(__half a, __half b) { return __half2float(a) == __half2float(b); }
inline __half2 __hadd2(__half2 a, __half2 b) { return __half2(__hadd(a.x, b.x), __hadd(a.y, b.y)); }
inline __half2 __hsub2(__half2 a, __half2 b) { return __half2(__hsub(a.x, b.x), __hsub(a.y, b.y)); }
inline __half2 __hmul2(__half2 a, __half2 b) { return __half2(__hmul(a.x, b.x), __hmul(a.y, b.y)); }
inline __half2 __hfma2(__half2 a, __half2 b, __half2 c) { return __half2(__hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y)); }
inline __half2 __hmax2(__half2 a, __half2 b) { return __half2(__hmax(a.x, b.x), __hmax(a.y, b.y)); }
inline __half2 __hmin2(__half2 a, __half2 b) { return __half2(__hmin(a.x, b.x), __hmin(a.y, b.y)); }
inline __half2 __hneg2(__half2 a) { return __half2(__hneg(a.x), __hneg(a.y)); }
inline __half operator+(__half a, __half b) { return __hadd(a, b); }
inline __half operator-(__half a, __half b) { return __hsub(a, b); }
inline __half operator*(__half a, __half b) { return __hmul(a, b); }
inline __half operator/(__half a, __half b) { return __hdiv(a, b); }
inline __half2 operator+(__half2 a, __half2 b) { return __hadd2(a, b); }
inline __half2 operator-(__half2 a, __half2 b) { return __hsub2(a, b); }
inline __half2 operator*(__half2 a, __half2 b) { return __hmul2(a, b); }
