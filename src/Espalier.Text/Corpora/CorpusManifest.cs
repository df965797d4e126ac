using System.Text.Json.Serialization;
using Espalier.Text.Files;

namespace Espalier.Text.Corpora;

/// <summary><c>manifest.json</c> of a prepared corpus: what it was made from, how, and what is in it.</summary>
public sealed record CorpusManifest
{
    /// <summary>The version of the layout that this code writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Version of the folder's layout.</summary>
    public required int Format { get; init; }

    /// <summary>The tokenizer; the folder holds a copy of it.</summary>
    public required TokenizerIdentity Tokenizer { get; init; }

    /// <summary><c>uint16</c> or <c>int32</c>, little-endian.</summary>
    public required string TokenType { get; init; }

    /// <summary>What separated the documents.</summary>
    public required DocumentLayout Layout { get; init; }

    /// <summary>Seed of the hold-out and of the subsampling.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Share of the documents, or where they were too few of the text, that was to be held out.</summary>
    public required double HeldOutFraction { get; init; }

    /// <summary>Share of the other documents that was to be kept.</summary>
    public required double Fraction { get; init; }

    /// <summary>Part of each text file that was read, from its beginning.</summary>
    public double Part { get; init; } = 1;

    /// <summary>The text files, in order.</summary>
    public required IReadOnlyList<InputFileRecord> Inputs { get; init; }

    /// <summary>What is trained on.</summary>
    public required SplitRecord Train { get; init; }

    /// <summary>What never is.</summary>
    public required SplitRecord HeldOut { get; init; }

    /// <summary>Documents that were neither held out nor drawn into the fraction.</summary>
    public required long DocumentsLeftAside { get; init; }

    /// <summary>What was odd in the text.</summary>
    public required IReadOnlyList<Warning> Warnings { get; init; }
}

/// <summary>Identifies a tokenizer.</summary>
/// <param name="Fingerprint">SHA-256 of its content.</param>
/// <param name="VocabularySize">Number of its ids.</param>
public sealed record TokenizerIdentity(string Fingerprint, int VocabularySize);

/// <summary>A text file that a corpus was made from.</summary>
/// <param name="Path">As it was named.</param>
/// <param name="Bytes">Its length on disk.</param>
/// <param name="Sha256">Of its bytes on disk, in lower-case hex; of the <see cref="CorpusManifest.Part"/> that was read where that is not all.</param>
/// <param name="Documents">How many documents it held.</param>
public sealed record InputFileRecord(string Path, long Bytes, string Sha256, long Documents);

/// <summary>One part of a prepared corpus.</summary>
/// <param name="Documents">Number of documents.</param>
/// <param name="Tokens">Number of tokens, separators not counted.</param>
/// <param name="Shards">Its files, in order.</param>
public sealed record SplitRecord(long Documents, long Tokens, IReadOnlyList<ShardRecord> Shards);

/// <summary>A pair of files: NAME.tokens with the documents' tokens end to end, NAME.offsets with int64 token offsets, one more than documents.</summary>
/// <param name="Name">File name without extension.</param>
/// <param name="Documents">Number of documents.</param>
/// <param name="Tokens">Number of tokens.</param>
/// <param name="TokensSha256">Of the token file, in lower-case hex.</param>
/// <param name="OffsetsSha256">Of the offset file, in lower-case hex.</param>
public sealed record ShardRecord(string Name, long Documents, long Tokens, string TokensSha256, string OffsetsSha256);

/// <summary>Serialization of <see cref="CorpusManifest"/>.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(CorpusManifest))]
public sealed partial class CorpusManifestJson : JsonSerializerContext;
