using Espalier.Text.Tokenization;

namespace Espalier.Tests.Text;

/// <summary>A small tokenizer with real merges, and text that it was trained on.</summary>
internal static class TestTokenizer
{
    public static IReadOnlyList<string> Lines { get; } = [.. Enumerable.Range(0, 200).Select(Line)];

    public static Tokenizer Instance { get; } =
        new BpeTrainer(new BpeTrainerOptions { VocabularySize = 400 }).TrainLines(Lines);

    private static string Line(int i) => string.Join(' ', Enumerable.Range(0, 1 + i * 7 % 23).Select(j => Word(i + j * j)));

    private static string Word(int i) => (i % 5) switch
    {
        0 => "the",
        1 => "gardener's",
        2 => $"tree{i % 13}",
        3 => "espalier,",
        _ => "növekszik.",
    };
}
