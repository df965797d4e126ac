using System.Text.Json;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;

namespace Espalier.Text.Corpora;

/// <summary>
/// A corpus as <see cref="CorpusPreparation"/> wrote it, mapped into memory. Safe to read from several threads; dispose it
/// after every batch stream that reads from it.
/// </summary>
public sealed class PreparedCorpus : IDisposable
{
    internal const string ManifestName = "manifest.json", TokenizerName = "tokenizer.json", NarrowType = "uint16", WideType = "int32";
    private readonly string _folder;

    private PreparedCorpus(string folder)
    {
        _folder = folder;
        Manifest = ReadManifest(Path.Join(folder, ManifestName));
        bool wide = Manifest.TokenType == WideType;
        Train = new TokenSplit(folder, Manifest.Train, wide);
        try
        {
            HeldOut = new TokenSplit(folder, Manifest.HeldOut, wide);
        }
        catch
        {
            Train.Dispose();
            throw;
        }
    }

    /// <summary>What it was made from, and how.</summary>
    public CorpusManifest Manifest { get; }

    /// <summary>What is trained on.</summary>
    public TokenSplit Train { get; }

    /// <summary>What never is.</summary>
    public TokenSplit HeldOut { get; }

    /// <summary>Whether a folder looks like a prepared corpus.</summary>
    public static bool IsAt(string folder) => File.Exists(Path.Join(folder, ManifestName));

    /// <summary>Opens a prepared corpus.</summary>
    /// <exception cref="TextException">It is not there, or a file is missing or damaged.</exception>
    public static PreparedCorpus Open(string folder)
        => IsAt(folder) ? new(folder)
            : throw new TextException(
                $"{(File.Exists(folder) ? "is a file" : Directory.Exists(folder) ? $"{ManifestName} is missing" : "there is no such folder")}; expected a folder that espalier data prepare made", folder);

    /// <summary>The tokenizer that it was made with.</summary>
    /// <exception cref="TextException">The folder's copy is missing or is another one.</exception>
    public Tokenizer LoadTokenizer()
    {
        string path = Path.Join(_folder, TokenizerName);
        Tokenizer tokenizer = Tokenizer.Load(path);
        return tokenizer.Fingerprint == Manifest.Tokenizer.Fingerprint
            ? tokenizer
            : throw new TextException($"is not the tokenizer that the corpus was prepared with ({Manifest.Tokenizer.Fingerprint}); prepare it again", path);
    }

    /// <summary>Reads every shard and compares it with the manifest.</summary>
    /// <param name="cancel">Stops it between two shards.</param>
    /// <exception cref="TextException">A shard's content is not what was written.</exception>
    public void Verify(CancellationToken cancel = default)
    {
        foreach (TokenShard shard in Train.Shards.Concat(HeldOut.Shards))
        {
            cancel.ThrowIfCancellationRequested();
            Verify(shard.Record.Name + TokenShardWriter.TokensExtension, shard.Record.TokensSha256);
            Verify(shard.Record.Name + TokenShardWriter.OffsetsExtension, shard.Record.OffsetsSha256);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Train.Dispose();
        HeldOut.Dispose();
    }

    private void Verify(string name, string expected)
    {
        string path = Path.Join(_folder, name);
        string actual = HashedFile.Sha256(path);
        if (actual != expected)
            throw new TextException($"is damaged: its SHA-256 is {actual}, {expected} was expected; prepare the corpus again", path);
    }

    private static CorpusManifest ReadManifest(string path)
    {
        try
        {
            using InputFile stream = InputFile.Open(path);
            CorpusManifest manifest = JsonSerializer.Deserialize(stream, CorpusManifestJson.Default.CorpusManifest)
                ?? throw new TextException("is empty; prepare the corpus again", path);
            if (manifest.Format != CorpusManifest.CurrentFormat)
                throw new TextException($"has format {manifest.Format}, {CorpusManifest.CurrentFormat} was expected; prepare the corpus again", path);
            if (manifest.TokenType is not (NarrowType or WideType))
                throw new TextException($"has token type \"{manifest.TokenType}\", {NarrowType} or {WideType} was expected", path);
            return manifest;
        }
        catch (JsonException fault)
        {
            throw new TextException($"is not the manifest of a prepared corpus: {fault.Message}", path, fault.LineNumber + 1, fault);
        }
    }
}
