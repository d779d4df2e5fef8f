package dev.tapscope.store;

/**
 * A file that decides what is stored.
 *
 * @param file its name without folders
 * @param sha256 lower-case hex
 */
public record HashedFile(String file, long bytes, String sha256) {}
