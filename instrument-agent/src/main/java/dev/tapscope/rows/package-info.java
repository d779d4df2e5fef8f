/** Rows of the model's own values, whatever their type: read by copying, written in place. */
package dev.tapscope.rows;
