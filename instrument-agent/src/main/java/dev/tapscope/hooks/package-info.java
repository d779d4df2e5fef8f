/**
 * Work on profiles beside a run: checks them against class files without loading one, lists what
 * can be tapped, writes woven classes with their differences. It shows no type of ASM, whose
 * packages the agent's jar renames.
 */
package dev.tapscope.hooks;
