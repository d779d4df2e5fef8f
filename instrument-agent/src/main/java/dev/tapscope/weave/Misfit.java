package dev.tapscope.weave;

import dev.tapscope.profile.Site;

/**
 * The site does not fit the class.
 *
 * @param id short stable name: {@code method-missing}, {@code method-ambiguous}, {@code
 *     call-count}, {@code local-missing}, {@code store-count}, {@code arg-missing}, {@code
 *     value-type}, {@code class-version}, {@code method-size}, ...
 * @param sentence what was wanted, what is there, what to write instead
 */
public record Misfit(Site site, String id, String sentence) implements SiteReport {}
