// A CPU stand-in for cuBLAS beside the emulated driver: the functions that Tapscope calls, on
// emulated memory, in the order of emulated streams. Compiled twice, as libcublas.so.12 and as
// libcublas.so.13 (CUBLAS_MAJOR). Stricter than cuBLAS: a product needs a handle with a stream, a
// workspace and no atomics, which is how Tapscope means to use it, and matrices have to lie within
// one allocation.
//
//   TAPSCOPE_EMULATED_CUBLAS_FAILS=1    makes cublasCreate fail; to destroy such a handle aborts,
//                                       as cuBLAS does
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define API extern "C" __attribute__((visibility("default")))

// Of the driver.
extern "C" int cuLaunchHostFunc(void* stream, void (*function)(void*), void* data);
extern "C" int cuMemGetAddressRange_v2(unsigned long long* base, size_t* size,
                                       unsigned long long pointer);

namespace {

enum Status { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, NOT_SUPPORTED = 15 };
enum Operation { OP_N = 0, OP_T = 1 };
constexpr int R_32F = 0;
constexpr int R_16F = 2;
constexpr int COMPUTE_32F = 68;
constexpr int GEMM_DEFAULT = -1;

struct Handle {
  uint32_t magic = 0x7a9;
  void* stream = nullptr;
  bool has_workspace = false;
  bool atomics = false;
};

bool ready(const Handle* handle) {
  return handle != nullptr && handle->magic == 0x7a9 && handle->stream != nullptr &&
         handle->has_workspace && !handle->atomics;
}

// Column-major: element (row, column) is at row + column * stride.
struct Matrix {
  unsigned char* data;
  int type;
  int64_t stride;

  int64_t bytes() const { return type == R_16F ? 2 : 4; }

  bool holds(int64_t rows, int64_t columns) const {
    if (rows < 0 || columns < 0 || stride < (rows > 1 ? rows : 1)) return false;
    if (rows == 0 || columns == 0) return true;
    unsigned long long base = 0;
    size_t size = 0;
    auto at = reinterpret_cast<unsigned long long>(data);
    if (at % bytes() != 0 || cuMemGetAddressRange_v2(&base, &size, at) != 0) return false;
    return at + ((columns - 1) * stride + rows) * bytes() <= base + size;
  }

  float get(int64_t row, int64_t column) const {
    const unsigned char* at = data + (row + column * stride) * bytes();
    if (type == R_32F) {
      float value;
      memcpy(&value, at, 4);
      return value;
    }
    uint16_t bits;
    memcpy(&bits, at, 2);
    int exponent = bits >> 10 & 31;
    int fraction = bits & 1023;
    float magnitude = exponent == 31 ? (fraction != 0 ? NAN : INFINITY)
                      : exponent == 0
                          ? std::ldexp(static_cast<float>(fraction), -24)
                          : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
    return (bits & 0x8000) != 0 ? -magnitude : magnitude;
  }

  void set(int64_t row, int64_t column, float value) const {
    memcpy(data + (row + column * stride) * bytes(), &value, 4);
  }
};

struct Product {
  bool transpose_a, transpose_b;
  int m, n, k;
  float alpha, beta;
  Matrix a, b, c;
};

void run(void* data) {
  const Product* p = static_cast<const Product*>(data);
  for (int column = 0; column < p->n; column++) {
    for (int row = 0; row < p->m; row++) {
      double sum = 0;
      for (int i = 0; i < p->k; i++) {
        double left = p->transpose_a ? p->a.get(i, row) : p->a.get(row, i);
        double right = p->transpose_b ? p->b.get(column, i) : p->b.get(i, column);
        sum += left * right;
      }
      sum *= p->alpha;
      // As in BLAS, c is not read where beta is 0.
      if (p->beta != 0) sum += static_cast<double>(p->beta) * p->c.get(row, column);
      p->c.set(row, column, static_cast<float>(sum));
    }
  }
}

int multiply(const Handle* handle, const Product& p) {
  if (!ready(handle)) return NOT_INITIALIZED;
  if (p.m < 0 || p.n < 0 || p.k < 0 ||
      !(p.transpose_a ? p.a.holds(p.k, p.m) : p.a.holds(p.m, p.k)) ||
      !(p.transpose_b ? p.b.holds(p.n, p.k) : p.b.holds(p.k, p.n)) || !p.c.holds(p.m, p.n)) {
    return INVALID_VALUE;
  }
  // Never freed: where it was captured, a graph runs it again and again.
  return cuLaunchHostFunc(handle->stream, run, new Product(p)) == 0 ? SUCCESS : INVALID_VALUE;
}

Matrix matrix(const void* data, int type, int stride) {
  return {static_cast<unsigned char*>(const_cast<void*>(data)), type, stride};
}

bool valid(int operation) { return operation == OP_N || operation == OP_T; }

}  // namespace

API int cublasGetProperty(int type, int* value) {
  if (type < 0 || type > 2 || value == nullptr) return INVALID_VALUE;
  *value = type == 0 ? CUBLAS_MAJOR : 0;
  return SUCCESS;
}

API int cublasCreate_v2(void** handle) {
  if (getenv("TAPSCOPE_EMULATED_CUBLAS_FAILS") != nullptr) return NOT_INITIALIZED;
  *handle = new Handle();
  return SUCCESS;
}

API int cublasDestroy_v2(void* handle) {
  Handle* made = static_cast<Handle*>(handle);
  if (made == nullptr || made->magic != 0x7a9) {
    fprintf(stderr, "emulated cuBLAS: a handle is destroyed that was never made\n");
    abort();
  }
  made->magic = 0;
  delete made;
  return SUCCESS;
}

API int cublasSetStream_v2(void* handle, void* stream) {
  static_cast<Handle*>(handle)->stream = stream;
  static_cast<Handle*>(handle)->has_workspace = false;
  return SUCCESS;
}

API int cublasSetWorkspace_v2(void* handle, void* workspace, size_t bytes) {
  if (reinterpret_cast<uintptr_t>(workspace) % 16 != 0 ||
      !matrix(workspace, R_32F, 1).holds(1, static_cast<int64_t>(bytes / 4))) {
    return INVALID_VALUE;
  }
  static_cast<Handle*>(handle)->has_workspace = true;
  return SUCCESS;
}

API int cublasSetAtomicsMode(void* handle, int mode) {
  static_cast<Handle*>(handle)->atomics = mode != 0;
  return SUCCESS;
}

API int cublasSetMathMode(void*, int mode) { return mode == 16 ? SUCCESS : INVALID_VALUE; }

API int cublasSgemm_v2(void* handle, int transpose_a, int transpose_b, int m, int n, int k,
                       const float* alpha, const float* a, int lda, const float* b, int ldb,
                       const float* beta, float* c, int ldc) {
  if (!valid(transpose_a) || !valid(transpose_b)) return INVALID_VALUE;
  return multiply(static_cast<Handle*>(handle),
                  {transpose_a == OP_T, transpose_b == OP_T, m, n, k, *alpha, *beta,
                   matrix(a, R_32F, lda), matrix(b, R_32F, ldb), matrix(c, R_32F, ldc)});
}

API int cublasGemmEx(void* handle, int transpose_a, int transpose_b, int m, int n, int k,
                     const void* alpha, const void* a, int a_type, int lda, const void* b,
                     int b_type, int ldb, const void* beta, void* c, int c_type, int ldc,
                     int compute, int algorithm) {
  if (!valid(transpose_a) || !valid(transpose_b)) return INVALID_VALUE;
  if (a_type != R_16F || b_type != R_16F || c_type != R_32F || compute != COMPUTE_32F ||
      algorithm != GEMM_DEFAULT) {
    return NOT_SUPPORTED;
  }
  return multiply(static_cast<Handle*>(handle),
                  {transpose_a == OP_T, transpose_b == OP_T, m, n, k,
                   *static_cast<const float*>(alpha), *static_cast<const float*>(beta),
                   matrix(a, a_type, lda), matrix(b, b_type, ldb), matrix(c, c_type, ldc)});
}
