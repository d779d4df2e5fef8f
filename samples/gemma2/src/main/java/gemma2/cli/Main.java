package gemma2.cli;

final class Main {
  private Main() {}
}
