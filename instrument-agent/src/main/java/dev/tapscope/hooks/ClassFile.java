package dev.tapscope.hooks;

/**
 * A class as it lies on a class path.
 *
 * @param name as in source, {@code a.b.Outer$Inner}
 * @param bytes its class file
 * @param origin the jar, folder or file it came from
 */
public record ClassFile(String name, byte[] bytes, String origin) {}
