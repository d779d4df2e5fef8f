package dev.tapscope.cli;

final class Tapscope {
  private Tapscope() {}
}
