namespace Espalier.Text.Tokenization;

/// <summary>Learns a byte-level BPE vocabulary from text.</summary>
/// <param name="options">What is asked for.</param>
public sealed class BpeTrainer(BpeTrainerOptions options)
{
    private readonly BpeTrainerOptions _options = options;

    /// <summary>Learns from text files, plain or gzip, streamed once in the order given.</summary>
    /// <exception cref="TextException">A file cannot be read, or the files hold no text.</exception>
    public Tokenizer TrainFiles(IReadOnlyList<string> files, CancellationToken cancel = default) =>
        throw new NotSupportedException($"{_options} {files} {cancel}");

    /// <summary>Learns from texts in memory.</summary>
    /// <exception cref="TextException">There is no text.</exception>
    public Tokenizer TrainLines(IEnumerable<string> lines, CancellationToken cancel = default) =>
        throw new NotSupportedException($"{_options} {lines} {cancel}");
}
