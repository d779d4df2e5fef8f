/** The run folder on disk: safetensors shards, JSON lines, {@code run.json}. */
package dev.tapscope.folder;
