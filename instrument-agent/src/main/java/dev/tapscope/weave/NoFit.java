package dev.tapscope.weave;

/** Ends the search for a site's place: what a {@link Misfit} says, raised where it is found. */
final class NoFit extends RuntimeException {
  private final String id;

  NoFit(String id, String sentence) {
    super(sentence, null, false, false);
    this.id = id;
  }

  String id() {
    return id;
  }
}
