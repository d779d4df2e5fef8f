package dev.tapscope.cuda;

final class Cuda {
  private Cuda() {}
}
