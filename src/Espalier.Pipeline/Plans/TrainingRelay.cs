using Espalier.Training;

namespace Espalier.Pipeline.Plans;

/// <summary>Passes on how training goes, then and there.</summary>
internal sealed class TrainingRelay(Action<TrainingProgress> tell) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value) => tell(value);
}
