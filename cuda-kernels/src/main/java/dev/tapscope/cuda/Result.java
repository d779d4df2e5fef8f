package dev.tapscope.cuda;

import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** What the driver's functions return. */
final class Result {
  private Result() {}

  /**
   * @param doing what was tried, to go behind "while"
   * @throws GpuException where it is not success
   */
  static void check(int result, String doing) {
    if (result != CUresult.CUDA_SUCCESS) {
      throw new GpuException(
          "The GPU failed while %s: %s.%s".formatted(doing, words(result), remedy(result)));
    }
  }

  /** Name and description of an error, in the driver's words. */
  static String words(int result) {
    String[] text = {""};
    boolean described = JCudaDriver.cuGetErrorString(result, text) == CUresult.CUDA_SUCCESS;
    String name = CUresult.stringFor(result);
    return described && text[0] != null && !text[0].isBlank() ? name + ", " + text[0] : name;
  }

  private static String remedy(int result) {
    return switch (result) {
      case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
          CUresult.CUDA_ERROR_LAUNCH_FAILED,
          CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
          CUresult.CUDA_ERROR_ASSERT ->
          " This is a mistake in Tapscope's kernels; please report it. device=cpu does without"
              + " them.";
      case CUresult.CUDA_ERROR_ECC_UNCORRECTABLE,
          CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
          CUresult.CUDA_ERROR_NVLINK_UNCORRECTABLE ->
          " The card itself is at fault: look at nvidia-smi, and restart the machine.";
      case CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU,
          CUresult.CUDA_ERROR_INVALID_PTX,
          CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION ->
          " The driver is older than CUDA 12.0; install NVIDIA driver 525 or later.";
      default -> "";
    };
  }
}
