package dev.tapscope.bench;

/** What is done to a model. */
enum Variant {
  UNWOVEN("unwoven"),
  CONTROL("unwoven again (A/A)"),
  OFF("woven, off"),
  NO_OP("no-op hook on res.*"),
  CAPTURE("capture of res.*"),
  STEER("steering res of one layer"),
  COPY("plain copy of res.*");

  private final String words;

  Variant(String words) {
    this.words = words;
  }

  String words() {
    return words;
  }

  boolean woven() {
    return this == OFF || this == NO_OP || this == CAPTURE || this == STEER;
  }
}
