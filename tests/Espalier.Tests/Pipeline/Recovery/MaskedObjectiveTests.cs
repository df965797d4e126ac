using Espalier.Compression;
using Espalier.Compression.Pruning;
using Espalier.Engine.Autograd;
using Espalier.Engine.Optimizers;
using Espalier.Pipeline.Recovery;
using Espalier.Tests.Pipeline.Grids;
using Espalier.Training.Finetuning;
using Espalier.Training.Objectives;

namespace Espalier.Tests.Pipeline.Recovery;

public class MaskedObjectiveTests
{
    [Fact]
    public void Step_WithDecayAndMoments_LeavesPrunedWeightsAtZeroToTheBitAndMovesAllOthers()
    {
        using var folder = new TemporaryFolder();
        using FinetunedModel model = SmallGrid.Finetuned(folder);
        Classification objective = model.CreateObjective(model.Configuration, seed: 1);
        ModelWeights weights = ModelWeights.Download(objective.Parameters);
        WeightMasks masks = MagnitudePruning.Prune(weights, 0.5, new PruningSettings { Embeddings = true, Norms = true });
        weights = masks.Apply(weights);
        weights.Upload(objective.Parameters);
        using var masked = new MaskedObjective(objective, masks);
        using var optimizer = new AdamW(masked.Parameters, new AdamWConfiguration { WeightDecay = 0.1f });
        using var tape = new Tape(masked.Parameters.Device);
        for (int step = 0; step < 5; step++)
        {
            masked.Step(tape, CancellationToken.None);
            optimizer.Step(1e-2f, AdamW.ClippingScale(optimizer.GradientNorm(), 1));
        }

        ModelWeights after = ModelWeights.Download(masked.Parameters);
        foreach (WeightTensor tensor in after.Tensors)
        {
            bool[] kept = masks.Of(tensor.Name)!;
            Assert.All(Enumerable.Range(0, kept.Length).Where(i => !kept[i]), i => Assert.Equal(0, BitConverter.SingleToInt32Bits(tensor.Values[i])));
            int moved = Enumerable.Range(0, kept.Length).Count(i => kept[i] && tensor.Values[i] != weights[tensor.Name].Values[i]);
            Assert.True(moved > 0 || !kept.Contains(true), tensor.Name);
        }
    }
}
