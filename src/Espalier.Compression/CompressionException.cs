namespace Espalier.Compression;

/// <summary>A model cannot be compressed as asked. The message is for a person: what is wrong, where, and what to do.</summary>
public class CompressionException(string message, Exception? inner = null) : Exception(message, inner);
