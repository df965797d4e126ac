namespace Espalier.Compression;

/// <summary>A model cannot be compressed as asked. The message is for a person: what is wrong, where, and what to do.</summary>
public class CompressionException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A setting is none that this model can have, such as more heads than there are.</summary>
public sealed class UnfitSettingException(string message) : CompressionException(message);
