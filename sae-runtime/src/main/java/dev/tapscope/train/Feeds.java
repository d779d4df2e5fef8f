package dev.tapscope.train;

import dev.tapscope.step.Batch;
import dev.tapscope.store.RowSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The rows of all sites of a training, drawn together for one step after the other, and ahead of
 * the steps where there is time. What has been drawn ahead is no part of a checkpoint: {@link
 * #places} tells where the rows begin that no step has been given, which are then drawn again.
 */
final class Feeds implements AutoCloseable {
  private final Map<String, Feed> feeds = new LinkedHashMap<>();
  private Map<String, String> places;
  private Optional<Drawn> ahead = Optional.empty();

  /** The batches of one step, or why a source has none. */
  private record Drawn(Map<Feed, Batch> batches, Optional<RuntimeException> failure) {}

  /**
   * @param sites in the order in which they are drawn
   * @param rows of every batch
   */
  Feeds(
      Set<String> sites,
      Map<String, ? extends RowSource> sources,
      Map<String, Scaling> scalings,
      int rows) {
    for (String site : sites) {
      feeds.put(site, new Feed(sources.get(site), scalings.get(site), rows));
    }
    places = sourcePlaces();
  }

  Feed of(String site) {
    return feeds.get(site);
  }

  /** Goes on where others stood. */
  void seek(Map<String, String> places) {
    feeds.forEach((site, feed) -> feed.seek(places.get(site)));
    this.places = sourcePlaces();
  }

  /**
   * Where the rows begin that have not been given to a step, by site; of one moment, since sources
   * may have a place in common.
   */
  Map<String, String> places() {
    return places;
  }

  private Map<String, String> sourcePlaces() {
    Map<String, String> places = new LinkedHashMap<>();
    feeds.forEach((site, feed) -> places.put(site, feed.place()));
    return places;
  }

  /**
   * The batches of the next step, in buffers that the next draw uses again.
   *
   * @throws RuntimeException what a source throws that has none; {@link #places} are then what they
   *     were
   */
  Map<Feed, Batch> next() {
    if (ahead.isEmpty()) {
      lookAhead();
    }
    Drawn drawn = ahead.orElseThrow();
    if (drawn.failure().isPresent()) {
      throw drawn.failure().get(); // and again, since others have been drawn from
    }
    ahead = Optional.empty();
    places = sourcePlaces();
    return drawn.batches();
  }

  /**
   * Draws the batches of the next step already, where the last one's are not needed any more. A
   * source that has none fails in the next step, not in this one.
   *
   * @return what the next step is given, if it is
   */
  Map<Feed, Batch> lookAhead() {
    Drawn drawn = draw();
    ahead = Optional.of(drawn);
    return drawn.batches();
  }

  private Drawn draw() {
    Map<Feed, Batch> batches = new LinkedHashMap<>();
    try {
      for (Feed feed : feeds.values()) {
        batches.put(feed, feed.next());
      }
      return new Drawn(batches, Optional.empty());
    } catch (RuntimeException e) {
      return new Drawn(Map.of(), Optional.of(e));
    }
  }

  @Override
  public void close() {
    feeds.values().forEach(Feed::close);
  }
}
