/** A run: its hooks, its passes and sequences, and what happens when a tap fires. */
package dev.tapscope.run;
