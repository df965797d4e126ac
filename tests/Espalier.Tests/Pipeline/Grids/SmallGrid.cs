using Espalier.Compression.Pruning;
using Espalier.Pipeline.Grids;
using Espalier.Tests.Training.Finetuning;
using Espalier.Training.Finetuning;

namespace Espalier.Tests.Pipeline.Grids;

/// <summary>A small finetuned classifier, and a grid over it with finetuning at two levels.</summary>
internal static class SmallGrid
{
    /// <summary>Finetunes a model in the folder <c>finetuned</c>.</summary>
    public static string Finetune(TemporaryFolder folder)
    {
        SmallFinetuning.Data(folder);
        FinetuningConfiguration configuration = SmallFinetuning.Configuration(folder);
        using FinetuningRun run = FinetuningRun.Create(
            folder["finetuned"], configuration with { Grid = new FinetuningGrid { Batches = [8], LearningRates = [1e-2] } });
        run.Train();
        return run.Directory.Path;
    }

    public static FinetunedModel Finetuned(TemporaryFolder folder) => FinetunedModel.Open(Finetune(folder));

    public static GridConfiguration Configuration(string model) => new()
    {
        Model = model,
        Sparsities = [0, 0.45, 0.98],
        Bits = [32, 4],
        Pruning = new PruningSettings { Step = 0.53 },
        Threads = 1,
    };
}
