/**
 * SAEs and edits attached to a running model through the tap API: found by the agent as a {@link
 * dev.tapscope.tap.Extension}.
 */
package dev.tapscope.attach;
