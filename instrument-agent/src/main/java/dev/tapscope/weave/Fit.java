package dev.tapscope.weave;

import dev.tapscope.profile.Site;

/**
 * The site was woven.
 *
 * @param calls woven call sites ({@code exit} has one for each return)
 * @param type descriptor of the tapped value, {@code [[F}; of its root, where a path of fields
 *     leads out of the class
 * @param assignable whether a new reference can be stored back, or only contents written
 * @param where {@code line 40}, or the number of the instruction; several where it has several
 *     calls
 * @param growth what the taps of the whole class do to the method it lies in
 * @param sentence where, and what a person should know (method size, inlining limits)
 */
public record Fit(
    Site site,
    int calls,
    String type,
    boolean assignable,
    String where,
    Growth growth,
    String sentence)
    implements SiteReport {}
