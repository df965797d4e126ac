using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;

namespace Espalier.Benchmarks;

/// <summary>
/// Training time and peak memory on whole files, then encoding on one thread beside Hugging Face's library on one thread,
/// round by round in turn, after checking that both give the same ids.
/// </summary>
internal static class TokenizerBenchmark
{
    private const int Rounds = 7;

    public static Command Create()
    {
        var files = new Argument<string[]>("files") { Description = "Text files, plain or gzip", Arity = ArgumentArity.OneOrMore };
        Option<int> vocabulary = BenchmarkOptions.Count("--vocab", "Vocabulary size", 8192);
        Option<int> megabytes = BenchmarkOptions.Count("--megabytes", "Text to encode in a round", 16);
        Option<bool> json = BenchmarkOptions.Json();
        var command = new Command("tokenizer", "BPE training, and encoding beside Hugging Face's tokenizers (npm ci in tests/interop)")
        {
            files, vocabulary, megabytes, json,
        };
        command.SetAction(parsed =>
        {
            IReadOnlyList<string> paths = FilePatterns.Expand(parsed.GetRequiredValue(files));
            (Tokenizer tokenizer, TokenizerRow training) = Train(paths, parsed.GetValue(vocabulary));
            TokenizerRow encoding = Encode(tokenizer, ReadLines(paths, parsed.GetValue(megabytes) * 1_000_000L));
            Print([training, encoding], parsed.GetValue(json));
        });
        return command;
    }

    // The first thing that the process does, so that its peak memory is that of training.
    private static (Tokenizer Tokenizer, TokenizerRow Row) Train(IReadOnlyList<string> files, int vocabularySize)
    {
        var options = new BpeTrainerOptions { VocabularySize = vocabularySize };
        var clock = Stopwatch.StartNew();
        (Tokenizer tokenizer, CorpusCount corpus) = new BpeTrainer(options).TrainFiles(files);
        double seconds = clock.Elapsed.TotalSeconds;
        using var process = Process.GetCurrentProcess();
        double megabytes = corpus.Bytes / 1e6;
        return (tokenizer, new TokenizerRow($"train {vocabularySize} tokens", options.Threads, megabytes, megabytes / seconds, null, null)
        {
            Seconds = seconds,
            PeakMemoryMB = process.PeakWorkingSet64 / 1e6,
        });
    }

    private static TokenizerRow Encode(Tokenizer tokenizer, List<byte[]> lines)
    {
        double megabytes = lines.Sum(line => line.Length) / 1e6;
        using TokenizerPeer? peer = TokenizerPeer.Start(tokenizer, lines);
        Pass check = EncodeOnce(tokenizer, lines);
        if (peer?.EncodeOnce() is { } theirs && (theirs.Tokens, theirs.Hash) != (check.Tokens, check.Hash))
            throw new InvalidOperationException($"the ids differ: {check.Tokens} tokens here, {theirs.Tokens} there");
        var ours = new double[Rounds];
        var other = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            ours[round] = megabytes / EncodeOnce(tokenizer, lines).Seconds;
            other[round] = peer is null ? 0 : megabytes / peer.EncodeOnce().Seconds;
        }
        double? median = peer is null ? null : Median(other);
        return new TokenizerRow("encode", 1, megabytes, Median(ours), median, Median(ours) / median);
    }

    private static Pass EncodeOnce(Tokenizer tokenizer, List<byte[]> lines)
    {
        var ids = new List<int>();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        (long ticks, long tokens) = (0, 0);
        foreach (byte[] line in lines)
        {
            ids.Clear();
            long before = Stopwatch.GetTimestamp();
            tokenizer.Encode(line, ids);
            ticks += Stopwatch.GetTimestamp() - before;
            tokens += ids.Count;
            hash.AppendData(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(ids)));
        }
        return new Pass((double)ticks / Stopwatch.Frequency, tokens, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private static List<byte[]> ReadLines(IReadOnlyList<string> files, long bytes)
    {
        var lines = new List<byte[]>();
        long share = bytes / files.Count;
        foreach (string file in files)
        {
            using InputFile input = InputFile.Open(file);
            using var reader = new StreamReader(input);
            for (long left = share; left > 0 && reader.ReadLine() is string line; left -= lines[^1].Length)
                lines.Add(System.Text.Encoding.UTF8.GetBytes(line));
        }
        return lines;
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static void Print(TokenizerRow[] rows, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(rows, TokenizerBenchmarkJson.Default.TokenizerRowArray));
            return;
        }
        foreach (TokenizerRow row in rows)
            Console.WriteLine($"{row.Name,-20} {row.Threads} threads {row.Megabytes,6:N1} MB: ours {row.Ours,6:N1} MB/s"
                + (row.Peer is { } peer ? $", peer {peer:N1} MB/s, ratio {row.Ratio:N2}" : "")
                + (row.Seconds is { } seconds ? $", {seconds:N2} s, peak memory {row.PeakMemoryMB:N0} MB" : ""));
    }

    /// <summary>One pass over the text.</summary>
    internal sealed record Pass(double Seconds, long Tokens, string Hash);
}

/// <summary>One row of the result; speeds in MB of text a second.</summary>
internal sealed record TokenizerRow(string Name, int Threads, double Megabytes, double Ours, double? Peer, double? Ratio)
{
    public double? Seconds { get; init; }

    public double? PeakMemoryMB { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(TokenizerRow[]))]
[JsonSerializable(typeof(TokenizerBenchmark.Pass))]
internal sealed partial class TokenizerBenchmarkJson : JsonSerializerContext;
