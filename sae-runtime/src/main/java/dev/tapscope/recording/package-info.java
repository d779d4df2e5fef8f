/**
 * Run folders, read back: tokens and features of every closed shard, checked before they are
 * believed.
 */
package dev.tapscope.recording;
