namespace Espalier.Text.Labelled;

/// <summary>A training set and the development set that goes with it.</summary>
/// <param name="Train">The training set, which defines the labels.</param>
/// <param name="Development">The development set.</param>
public sealed record LabelledSplits(LabelledSet Train, LabelledSet Development)
{
    private static readonly string[] DevelopmentNames = ["dev", "dev_matched", "validation", "valid", "val"];

    /// <summary>Reads both sets; draws the development set from the training set where there is no file for it.</summary>
    /// <param name="train">The training file, or a folder laid out as GLUE's with <c>train.tsv</c> and <c>dev.tsv</c> or <c>dev_matched.tsv</c>.</param>
    /// <param name="development">The development file, or null.</param>
    /// <param name="options">Where the texts and labels stand.</param>
    /// <param name="fraction">Share to draw where no file is given.</param>
    /// <param name="seed">Seed of that draw.</param>
    /// <exception cref="TextException">A file cannot be read or is wrong, or the folder holds no training file.</exception>
    public static LabelledSplits Open(
        string train, string? development, LabelledSetOptions options, double fraction = 0.1, ulong seed = 1)
    {
        if (Directory.Exists(train))
        {
            development ??= Find(train, IsDevelopment);
            train = Find(train, name => name == "train")
                ?? throw new TextException("holds no training file; train.tsv, train.csv or train.jsonl was expected (also with .gz)", train);
        }
        LabelledSet whole = LabelledSet.Read(train, options);
        if (development is not null)
            return new(whole, LabelledSet.Read(development, options, whole.Labels));
        (LabelledSet rest, LabelledSet drawn) = whole.Split(fraction, seed);
        return new(rest, drawn);
    }

    /// <summary>The files of rows in a folder, as their names tell, in ordinal order.</summary>
    public static IReadOnlyList<string> FilesIn(string folder) =>
        [.. Directory.EnumerateFiles(folder).Where(file => LabelledSet.FormatOf(file) is not null).Order(StringComparer.Ordinal)];

    // Also a name that ends so, such as mnli-dev-matched.
    private static bool IsDevelopment(string name) =>
        DevelopmentNames.Any(known => name == known || name.Replace('-', '_').EndsWith('_' + known, StringComparison.Ordinal));

    private static string? Find(string folder, Func<string, bool> wanted) =>
        FilesIn(folder).FirstOrDefault(file => wanted(Path.GetFileName(file).Split('.')[0].ToLowerInvariant()));
}
