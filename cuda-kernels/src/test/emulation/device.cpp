#include "device.h"

#include "machine.h"
#include "settings.h"

namespace emulation {

size_t shared_limit_opt_in() {
  switch (10 * settings.major + settings.minor) {
    case 80:
    case 87:
      return 163 * 1024;
    case 86:
    case 89:
    case 120:
    case 121:
      return 99 * 1024;
    default:
      return 227 * 1024;
  }
}
size_t shared_of_multiprocessor() { return shared_limit_opt_in() + 1024; }
int threads_of_multiprocessor() {
  const int capability = 10 * settings.major + settings.minor;
  return capability == 86 || capability == 89 || capability == 120 ? 1536 : 2048;
}

int get_attribute(int attribute, int& value) {
  switch (attribute) {
    case 1:  // MAX_THREADS_PER_BLOCK
    case 2:  // MAX_BLOCK_DIM_X
    case 3:  // MAX_BLOCK_DIM_Y
      value = 1024;
      break;
    case 4:  // MAX_BLOCK_DIM_Z
      value = 64;
      break;
    case 5:   // MAX_GRID_DIM_X
    case 11:  // MAX_PITCH
      value = 2147483647;
      break;
    case 6:  // MAX_GRID_DIM_Y
    case 7:  // MAX_GRID_DIM_Z
      value = 65535;
      break;
    case 8:  // MAX_SHARED_MEMORY_PER_BLOCK
      value = SHARED_LIMIT;
      break;
    case 9:   // TOTAL_CONSTANT_MEMORY
    case 12:  // MAX_REGISTERS_PER_BLOCK
    case 82:  // MAX_REGISTERS_PER_MULTIPROCESSOR
      value = 65536;
      break;
    case 10:  // WARP_SIZE
      value = 32;
      break;
    case 13:  // CLOCK_RATE
    case 36:  // MEMORY_CLOCK_RATE
      value = 1500000;
      break;
    case 14:  // TEXTURE_ALIGNMENT
    case 30:  // SURFACE_ALIGNMENT
      value = 512;
      break;
    case 15:   // GPU_OVERLAP
    case 19:   // CAN_MAP_HOST_MEMORY
    case 31:   // CONCURRENT_KERNELS
    case 32:   // ECC_ENABLED
    case 41:   // UNIFIED_ADDRESSING
    case 78:   // STREAM_PRIORITIES_SUPPORTED
    case 115:  // MEMORY_POOLS_SUPPORTED
      value = 1;
      break;
    case 16:  // MULTIPROCESSOR_COUNT
      value = settings.multiprocessors;
      break;
    case 37:  // GLOBAL_MEMORY_BUS_WIDTH
      value = 5120;
      break;
    case 38:  // L2_CACHE_SIZE
      value = 50 << 20;
      break;
    case 39:  // MAX_THREADS_PER_MULTIPROCESSOR
      value = threads_of_multiprocessor();
      break;
    case 40:  // ASYNC_ENGINE_COUNT
      value = 2;
      break;
    case 75:  // COMPUTE_CAPABILITY_MAJOR
      value = settings.major;
      break;
    case 76:  // COMPUTE_CAPABILITY_MINOR
      value = settings.minor;
      break;
    case 81:  // MAX_SHARED_MEMORY_PER_MULTIPROCESSOR
      value = static_cast<int>(shared_of_multiprocessor());
      break;
    case 97:  // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
      value = static_cast<int>(shared_limit_opt_in());
      break;
    case 106:  // MAX_BLOCKS_PER_MULTIPROCESSOR
      value = 32;
      break;
    case 111:  // RESERVED_SHARED_MEMORY_PER_BLOCK
      value = 1024;
      break;
    default:
      if (attribute <= 0 || attribute > 150) {
        return INVALID_VALUE;
      }
      value = 0;  // other things that this device has not
  }
  return SUCCESS;
}

namespace {

struct ErrorText {
  int code;
  const char* name;
  const char* text;
};
constexpr ErrorText ERRORS[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain."},
    {301, "CUDA_ERROR_FILE_NOT_FOUND", "file not found"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {712, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED",
     "part or all of the requested memory range is already mapped"},
    {713, "CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED",
     "pointer does not correspond to a registered memory region"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
    {903, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED",
     "capture was not ended in the same stream as it began"},
    {904, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED",
     "capturing stream has unjoined work"},
    {906, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
     "operation would make the legacy stream depend on a capturing blocking stream"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

const char* find_error(int code, const char* ErrorText::*member) {
  for (const ErrorText& error : ERRORS) {
    if (error.code == code) {
      return error.*member;
    }
  }
  return nullptr;
}

}  // namespace

const char* error_name(int code) { return find_error(code, &ErrorText::name); }
const char* error_text(int code) { return find_error(code, &ErrorText::text); }

}  // namespace emulation
