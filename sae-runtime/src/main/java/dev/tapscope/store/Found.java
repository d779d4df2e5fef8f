package dev.tapscope.store;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the model's runs told of themselves, the same for every piece of a store.
 *
 * @param tapscope version of the agent
 * @param java version and vendor of the model's Java
 * @param profile the profile that was applied
 * @param code files on the model's class path
 * @param sites width of each captured address, by canonical name
 * @param leftOut token ids whose rows are left out, by what they are: {@code bos}, {@code eos},
 *     {@code pad}, {@code asked}
 */
public record Found(
    String tapscope,
    String java,
    ProfileFound profile,
    List<HashedFile> code,
    SortedMap<String, Integer> sites,
    SortedMap<String, List<Integer>> leftOut) {
  public Found {
    code = List.copyOf(code);
    sites = new TreeMap<>(sites);
    leftOut = new TreeMap<>(leftOut);
  }

  /** A profile by name and the hash of its text. */
  public record ProfileFound(String name, String sha256) {}
}
