package dev.tapscope.census;

/**
 * A value that behaves as a site does.
 *
 * @param site {@code resid_mid}
 * @param why the relation that holds, in every layer and pass looked at
 * @param place number of the place it is tapped at
 * @param text the tap, as lines of a profile
 */
record Proposal(String site, String why, int place, String text) {}
