/**
 * The {@code tapscope} command. Each command is a class; a model runs in a process of its own with
 * the agent attached, and what it recorded is read back from its run folder.
 */
package dev.tapscope.cli;
