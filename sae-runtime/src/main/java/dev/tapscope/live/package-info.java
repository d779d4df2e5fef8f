/**
 * What a model computes, while it computes it: passes go from its JVM through a Unix domain socket
 * to the process that trains or evaluates. No row is written to a disk, and the model waits
 * whenever the reader does.
 */
package dev.tapscope.live;
