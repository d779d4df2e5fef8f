package dev.tapscope.agent;

final class TapscopeAgent {
  private TapscopeAgent() {}
}
