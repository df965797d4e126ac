using Espalier.Engine.Autograd;
using Espalier.Engine.Memory;
using Espalier.Text;
using Espalier.Text.Batching;

namespace Espalier.Training.Objectives;

/// <summary>
/// An objective over a stream of effective batches: gradients accumulate over the micro-batches, each weighed by its share
/// of the predictions, so that the split changes nothing but rounding and dropout. One loss is read per step.
/// </summary>
/// <typeparam name="TMicro">The kind of micro-batch.</typeparam>
public abstract class StreamObjective<TMicro> : IObjective where TMicro : MicroBatch, new()
{
    // So many batches in a row with nothing to predict mean that there is nothing to learn.
    private const int Patience = 1000;

    private readonly IBatchBuilder<StepBatch<TMicro>> _builder;
    private readonly BatchStream<StepBatch<TMicro>> _stream;
    private readonly DeviceMemory _loss;
    private (long Epoch, long Batches) _length = (-1, 0);

    /// <summary>Opens the stream.</summary>
    /// <param name="parameters">Allocated; disposed with this objective.</param>
    /// <param name="builder">Makes the batches.</param>
    /// <param name="start">Where to begin.</param>
    protected StreamObjective(ParameterSet parameters, IBatchBuilder<StepBatch<TMicro>> builder, BatchPosition start)
    {
        Parameters = parameters;
        _builder = builder;
        _stream = new BatchStream<StepBatch<TMicro>>(builder, start);
        _loss = new DeviceMemory(parameters.Device, sizeof(float));
    }

    /// <inheritdoc/>
    public ParameterSet Parameters { get; }

    /// <inheritdoc/>
    public BatchPosition Position => _stream.Position;

    /// <inheritdoc/>
    public double Epochs => Position.Epoch + (Position.Index / (double)StepsInEpoch);

    /// <summary>Effective batches of the present pass over the data.</summary>
    public long StepsInEpoch
    {
        get
        {
            BatchPosition position = Position;
            if (_length.Epoch != position.Epoch)
            {
                _length = (position.Epoch, _builder.BatchesIn(position.Seed, position.Epoch));
            }

            return _length.Batches;
        }
    }

    /// <inheritdoc/>
    public void Seek(BatchPosition position) => _stream.Seek(position);

    /// <inheritdoc/>
    public StepResult Step(Tape tape, CancellationToken cancel)
    {
        StepBatch<TMicro> batch = NextBatch();
        (tape.Training, tape.Recording) = (true, true);
        DeviceSpan<float> sum = _loss.Span<float>();
        tape.Kernels.Fill(sum, 0);
        var flops = default(FlopCount);
        foreach (TMicro micro in batch.MicroBatches)
        {
            cancel.ThrowIfCancellationRequested();
            uint step = tape.Step;
            if (micro.TargetCount > 0)
            {
                tape.Reset();
                Tensor loss = Loss(tape, micro, 1f / batch.TargetCount);
                tape.Kernels.Add(sum, loss.Data, sum);
                tape.Backward(loss);
                flops += Flops(micro);
            }

            // Counted even where it was skipped: the number belongs to the place in the stream.
            tape.Step = step + 1;
        }

        Span<float> mean = stackalloc float[1];
        tape.Device.Download(sum, mean);
        return new StepResult(mean[0], batch.TokenCount, flops);
    }

    /// <inheritdoc/>
    public abstract Evaluation? Evaluate(Tape tape, CancellationToken cancel);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        _stream.Dispose();
        _loss.Dispose();
        Parameters.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>weight · Σ of the losses of a micro-batch's predictions, recorded on the tape.</summary>
    protected abstract Tensor Loss(Tape tape, TMicro batch, float weight);

    /// <summary>Operations of a micro-batch, forward and backward.</summary>
    protected abstract FlopCount Flops(TMicro batch);

    private StepBatch<TMicro> NextBatch()
    {
        for (int i = 0; i < Patience; i++)
        {
            StepBatch<TMicro> batch = _stream.Next();
            if (batch.TargetCount > 0)
            {
                return batch;
            }
        }

        throw new TextException($"{Patience} batches in a row have nothing to predict; take larger batches, or look at the data");
    }
}
