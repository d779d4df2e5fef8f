package dev.tapscope.cuda;

import jcuda.driver.CUdeviceptr;

/** A device pointer that tells its address, for the parameter blocks of launches. */
final class DevicePointer extends CUdeviceptr {
  long address() {
    return getNativePointer() + getByteOffset();
  }
}
