package gemma2.cli;

import java.io.PrintStream;

/** Where results and remarks go. */
record Console(PrintStream out, PrintStream err) {

  /** A remark for the person at the terminal. */
  void say(String remark) {
    err.println(remark);
  }
}
