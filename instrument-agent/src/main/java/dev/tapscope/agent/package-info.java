/** The Java agent: its options, how it weaves, what it does before {@code main} and at the end. */
package dev.tapscope.agent;
