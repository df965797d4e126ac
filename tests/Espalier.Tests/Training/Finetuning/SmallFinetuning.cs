using Espalier.Engine.Models;
using Espalier.Tests.Text;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Finetuning;

namespace Espalier.Tests.Training.Finetuning;

/// <summary>A task that a tiny classifier learns in a few epochs, and a grid of two trials on it.</summary>
internal static class SmallFinetuning
{
    /// <summary>Writes the training and the development set, and the tokenizer; returns the folder of the two sets.</summary>
    public static string Data(TemporaryFolder folder)
    {
        Directory.CreateDirectory(folder["set"]);
        TestTokenizer.Instance.Save(folder["tokenizer.json"]);
        folder.Write("set/train.tsv", Rows(0, 64));
        folder.Write("set/dev.tsv", Rows(100, 20));
        return folder["set"];

        static string Rows(int first, int count) => "sentence\tlabel\n" + string.Concat(Enumerable.Range(first, count)
            .Select(i => $"the tree{i % 7} {(i % 2 == 0 ? "espalier," : "növekszik.")} tree{i % 11}\t{(i % 2 == 0 ? "fruit" : "leaf")}\n"));
    }

    public static FinetuningConfiguration Configuration(TemporaryFolder folder) => new()
    {
        Train = folder["set"],
        Tokenizer = folder["tokenizer.json"],
        Model = new EncoderConfiguration { Layers = 1, Hidden = 16, Vocabulary = 0, MaximumPositions = 0 },
        MaximumTokens = 32,
        Grid = new FinetuningGrid { Batches = [8], LearningRates = [1e-2, 1e-3] },
        Trial = new TrainingBudget { Epochs = 3 },
        Checkpoints = new Interval(Steps: 5),
        MicroBatch = 4,
        Threads = 1,
    };
}
