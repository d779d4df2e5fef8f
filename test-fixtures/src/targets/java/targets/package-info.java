/** Classes for the weaver to weave, compiled for Java 17: each method is one odd shape of code. */
package targets;
